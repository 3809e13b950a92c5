"""A proxy's pictures and sound as arrays, for the models that watch and listen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg as graphs
import numpy as np
from numpy.typing import NDArray

from reelmill.errors import UnreadableMedia
from reelmill.media import child
from reelmill.media.command import compiled, ffmpeg_program, input_of
from reelmill.media.limits import MediaLimits
from reelmill.media.source import open_source
from reelmill.ports import Beat
from reelmill.video import Box, Proxy

MAX_ASPECT = 4
"""Longer to shorter side of a frame: what is further out is cut off on both sides, or the frames of a clip
two pixels high would be gigabytes."""

FLOAT_BYTES = 4


def read_frames(
    proxy: Proxy, *, size: int, count: int, ffmpeg: Path | None, limits: MediaLimits, beat: Beat
) -> NDArray[np.uint8]:
    """Up to `count` frames, evenly spread over the proxy, without its padding.

    Shape (n, height, width, 3), RGB, n = min(count, proxy.frames); the aspect is kept and min(height, width)
    is `size`, so callers crop or squeeze as their model wants. Raises what `child.run` raises.
    """
    chosen = evenly_spread(proxy.frames, count)
    box = _at_most(MAX_ASPECT, proxy.content)
    width, height = (round(side * size / min(box.width, box.height)) for side in (box.width, box.height))

    def output(source: Any) -> Any:
        wanted = "+".join(f"eq(n,{number})" for number in chosen)
        stream = source.video.filter("select", wanted).filter("crop", box.width, box.height, box.x, box.y)
        stream = stream.filter("scale", width, height)
        return graphs.output(stream, "pipe:1", f="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")

    data = _decoded(proxy, output, len(chosen) * height * width * 3, ffmpeg, limits, beat)
    if len(data) != len(chosen) * height * width * 3:
        raise UnreadableMedia(f"The proxy gives fewer than the {len(chosen)} frames asked of it.")
    return np.frombuffer(data, np.uint8).reshape(len(chosen), height, width, 3)


def read_audio(
    proxy: Proxy, *, rate_hz: int, max_s: float, ffmpeg: Path | None, limits: MediaLimits, beat: Beat
) -> NDArray[np.float32]:
    """The first `max_s` seconds of the sound, mixed to one channel: shape (samples,), in -1..1.

    Empty when the proxy is silent. Raises what `child.run` raises.
    """
    if not proxy.has_audio:
        return np.empty(0, np.float32)

    def output(source: Any) -> Any:
        return graphs.output(source.audio, "pipe:1", f="f32le", ac=1, ar=rate_hz, t=max_s)

    data = _decoded(proxy, output, (round(max_s * rate_hz) + 1) * FLOAT_BYTES, ffmpeg, limits, beat)
    return np.clip(np.frombuffer(data, "<f4").astype(np.float32), -1.0, 1.0)


def evenly_spread(total: int, count: int) -> list[int]:
    """The numbers of `count` of `total` frames, each from the middle of its share; all when there are fewer."""
    chosen = min(total, count)
    return [(2 * number + 1) * total // (2 * chosen) for number in range(chosen)]


def _at_most(aspect: int, box: Box) -> Box:
    """The middle of a box that is longer than `aspect` times its shorter side."""
    longest = aspect * min(box.width, box.height)
    width, height = min(box.width, longest), min(box.height, longest)
    return Box(box.x + (box.width - width) // 2, box.y + (box.height - height) // 2, width, height)


def _decoded(
    proxy: Proxy,
    output: Callable[[Any], Any],
    max_bytes: int,
    program: Path | None,
    limits: MediaLimits,
    beat: Beat,
) -> bytes:
    """What ffmpeg writes to stdout for an output of the proxy."""
    with open_source(str(proxy.path.absolute()), limits) as opened:
        command = compiled(output(input_of(opened.descriptor)), ffmpeg_program(program))
        return child.run(
            command, limits=limits, beat=beat, descriptors=[opened.descriptor], max_stdout_bytes=max_bytes
        ).stdout
