"""Looks into one upload with PyAV and prints JSON: run as a script by `probe`, in a limited child.

Arguments: the folder that holds PyAV; the input's descriptor; the demuxer allow-list; the most pixels a picture
may have to be decoded. Empty lines before the document are signs of life. An upload that cannot be read ends
this process with a status other than 0 and the reason on standard error.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

sys.path.append(sys.argv[1])

# PyAV is in that folder: this interpreter runs without site-packages.
import av
import av.logging
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

PACKETS_A_BEAT = 1000
DISPLAY_MATRIX_BYTES = 36
"""Nine 32-bit integers, in the machine's byte order (libavutil/display.h)."""


def look(descriptor: str, formats: str, max_pixels: int) -> dict[str, Any]:
    """What `probe.Probe` holds."""
    options = {"fd": descriptor, "protocol_whitelist": "fd", "format_whitelist": formats}
    with av.open("fd:", mode="r", container_options=options, metadata_errors="replace") as container:
        return {
            "container": container.format.name,
            "streams": len(container.streams),
            "audio": look_at_sound(container),
            "video": look_at_picture(container, max_pixels),
        }


def look_at_sound(container: InputContainer) -> dict[str, Any] | None:
    """What `probe.Sound` holds, of the first audio stream with a decoder."""
    stream = next((s for s in container.streams.audio if s.codec_context), None)
    if stream is None:
        return None
    return {
        "index": stream.index,
        "codec": stream.codec_context.name,
        "duration_s": seconds(stream.duration, stream.time_base) or 0.0,
    }


def look_at_picture(container: InputContainer, max_pixels: int) -> dict[str, Any] | None:
    """What `probe.Picture` holds, of the first video stream that is not a cover."""
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        return None
    stream = next((s for s in moving if s.codec_context), None)
    if stream is None:
        sys.exit("There is no decoder for the video stream.")
    facts = stated(container, stream)
    if stream.width * stream.height <= max_pixels:
        facts |= seen(container, stream)
    if facts["duration_s"] is None:
        facts["duration_s"] = end_of(container, stream) - facts["start_s"]
    return facts


def stated(container: InputContainer, stream: VideoStream) -> dict[str, Any]:
    """What the container and the codec's headers claim."""
    own = seconds(stream.duration, stream.time_base)
    return {
        "index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "width": stream.width,
        "height": stream.height,
        "pixel_aspect": as_pair(stream.sample_aspect_ratio or Fraction(1)),
        "fps": float(stream.average_rate or stream.guessed_rate or 0),
        "frames": stream.frames,
        "start_s": seconds(stream.start_time, stream.time_base) or 0.0,
        "duration_s": own if own is not None else seconds(container.duration, Fraction(1, av.time_base)),
        "duration_is_own": own is not None,
        "cut_at_s": cut_at_s(container, stream),
    }


def seen(container: InputContainer, stream: VideoStream) -> dict[str, Any]:
    """What only a decoded picture tells."""
    frame = first_frame(container, stream)
    return {
        "width": frame.width,
        "height": frame.height,
        "pix_fmt": frame.format.name,
        "colour_matrix": int(frame.colorspace),
        "display_matrix": display_matrix(frame),
    }


def first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """The first picture that decodes: what comes before a broadcast's first keyframe does not."""
    stream.codec_context.thread_count = 1  # Several would each want a frame of their own first.
    for packet in beating(container.demux(stream)):
        with suppress(av.InvalidDataError):
            for frame in stream.decode(packet):
                return frame
    sys.exit("No picture could be decoded.")


def display_matrix(frame: VideoFrame) -> list[int] | None:
    """The matrix's upper left part [a, b, c, d]: x' = a x + c y, y' = b x + d y, in 16.16 fixed point."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData) or data.buffer_size != DISPLAY_MATRIX_BYTES:
        return None
    a, b, _, c, d = struct.unpack("=9i", bytes(data))[:5]
    return [a, b, c, d]


def end_of(container: InputContainer, stream: VideoStream) -> float:
    """Where the last packet ends, seconds: browsers' recorders write no duration."""
    container.seek(0)
    end = 0.0
    for packet in beating(container.demux(stream)):
        if packet.pts is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return end


def cut_at_s(container: InputContainer, stream: VideoStream) -> float | None:
    """The time of the first picture that the index puts past the end of the file, or None."""
    entries = stream.index_entries
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle].pos + entries[middle].size > container.size:
            high = middle
        else:
            low = middle + 1
    return seconds(entries[low].timestamp, stream.time_base) if low < len(entries) else None


def beating(packets: Iterator[Any]) -> Iterator[Any]:
    """The same packets, with a sign of life now and then."""
    for number, packet in enumerate(packets):
        if number % PACKETS_A_BEAT == 0:
            sys.stdout.write("\n")
            sys.stdout.flush()
        yield packet


def seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    """A time in seconds, None when unknown."""
    return None if ticks is None or time_base is None else float(ticks * time_base)


def as_pair(ratio: Fraction) -> list[int]:
    """Numerator and denominator."""
    return [ratio.numerator, ratio.denominator]


def main() -> None:
    """Print what was found, or end with the reason why nothing could be."""
    av.logging.restore_default_callback()  # libav's own words go to standard error, as evidence.
    av.logging.set_libav_level(av.logging.ERROR)
    try:
        found = look(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    except av.FFmpegError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
