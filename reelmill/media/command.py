"""A plan as one ffmpeg command, its filter graph built with ffmpeg-python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from reelmill.errors import Misuse
from reelmill.media.formats import FORMAT_WHITELIST, PROTOCOL_WHITELIST
from reelmill.media.limits import MediaLimits
from reelmill.media.plan import SQUARE, Plan

THREADS = 2
"""For decoding and for encoding each: a transcode worker runs one process for every two cores."""

TURNS = {0: (), 90: (("transpose", "clock"),), 180: (("hflip",), ("vflip",)), 270: (("transpose", "cclock"),)}
"""Filters that turn a picture clockwise by so many degrees."""

ENCODING = {
    "c:v": "libx264",
    # Measured on clips of 5 to 30 seconds: `veryfast` makes files 2 to 5 % smaller than `medium` for 60 to 90 %
    # of the whole command's CPU time; those of `superfast` are 1.3 to 2.4 times as large.
    "preset": "veryfast",
    "crf": 30,
    "pix_fmt": "yuv420p",
    "threads:v": THREADS,
}
SOUND = {"c:a": "aac", "b:a": "96k"}
POSTER_ENCODING = {"c:v": "mjpeg", "q:v": 4, "frames:v": 1, "f": "image2", "update": 1}
"""JPEG quality 4 of 2..31: about 85 on the usual scale."""

POSTER_CHOICE_FRAMES = 30
"""The poster is the most typical of the first half minute's frames, so hardly ever a black one."""


def ffmpeg_program(configured: Path | None) -> str:
    """The ffmpeg to run: the configured one, else the one in imageio-ffmpeg's wheel."""
    if configured is None:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    if not os.access(configured, os.X_OK):
        raise Misuse(f"REELMILL_FFMPEG is not a program: {configured}")
    return str(configured.absolute())


def input_of(descriptor: int, **options: Any) -> Any:
    """An open file as ffmpeg's input: it can open nothing else, by whatever name the file asks for it."""
    return ffmpeg.input(
        "fd:",
        fd=descriptor,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        threads=THREADS,
        **options,
    )


def compiled(output: Any, program: str) -> list[str]:
    """The command line of a graph, silent but for errors."""
    quiet = output.global_args("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
    arguments: list[str] = quiet.compile(cmd=program, overwrite_output=True)
    return arguments


def transcode_command(plan: Plan, descriptor: int, folder: Path, limits: MediaLimits, program: str) -> list[str]:
    """The command that writes `proxy.mp4` and `poster.jpg` into the folder, a line to stdout for each frame."""
    # A picture that is turned before it is sampled and made small costs as much as its decoding, so ffmpeg
    # shall not turn it. `reinit_filter` would start the clock of `fps` again wherever the size changes.
    source = input_of(descriptor, noautorotate=None, reinit_filter=0, max_pixels=limits.max_pixels)
    for_proxy, for_poster = (_picture(source[str(plan.video_index)], plan).split()[n] for n in (0, 1))
    streams = [_padded(for_proxy, plan)]
    if plan.audio_index is not None:
        streams.append(_sound(source[str(plan.audio_index)]))
    proxy = ffmpeg.output(*streams, _file(folder / "proxy.mp4"), **_proxy_options(plan, limits))
    poster = ffmpeg.output(_poster(for_poster, plan), _file(folder / "poster.jpg"), **_poster_options())
    return compiled(ffmpeg.merge_outputs(proxy, poster), program)


def _picture(stream: Any, plan: Plan) -> Any:
    """One picture a second, upright, in the content's size, with square pixels, in BT.709.

    `eof_action=pass` gives a clip of less than half a second its one frame, and `start_time=0` keeps frame n
    at second n when the first picture comes late.
    """
    upright = plan.content.width, plan.content.height
    width, height = upright if plan.rotation in (0, 180) else upright[::-1]
    stream = stream.filter("fps", fps=1, start_time=0, eof_action="pass")
    stream = stream.filter(
        "scale", width, height, in_color_matrix=plan.colour_matrix, out_color_matrix="bt709", out_range="tv"
    )
    for turn in ((("hflip",),) if plan.mirrored else ()) + TURNS[plan.rotation]:
        stream = stream.filter(*turn)
    # The matrix must go with the turn done, or players would turn the proxy once more.
    stream = stream.filter("sidedata", mode="delete", type="DISPLAYMATRIX").filter("setsar", 1)
    return stream.filter("format", "yuv420p")


def _padded(stream: Any, plan: Plan) -> Any:
    """The content on a black square, tagged as what it is."""
    stream = stream.filter("pad", SQUARE, SQUARE, plan.content.x, plan.content.y, color="black")
    return stream.filter("setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="tv")


def _poster(stream: Any, plan: Plan) -> Any:
    """The most typical frame, in what JPEG files are in by custom: BT.601, full range."""
    stream = stream.filter("scale", *plan.poster, in_color_matrix="bt709", out_color_matrix="bt601", out_range="pc")
    # Rounding the size to whole pixels bends the aspect a little, which `scale` would note in the SAR.
    return stream.filter("setsar", 1).filter("thumbnail", n=POSTER_CHOICE_FRAMES)


def _sound(stream: Any) -> Any:
    """At most two channels, gaps filled with silence, so that it keeps beside the picture."""
    return stream.filter("aresample", **{"async": 1, "first_pts": 0}).filter("aformat", channel_layouts="mono|stereo")


def _proxy_options(plan: Plan, limits: MediaLimits) -> dict[str, Any]:
    """`t` holds where timestamps lie: one jump could ask for years of repeated frames."""
    return {
        **ENCODING,
        **(SOUND if plan.audio_index is not None else {}),
        **_clean(),
        "t": limits.max_duration_s + 1,
        "movflags": "+faststart",
        "f": "mp4",
        "stats_enc_pre:v": "pipe:1",
        "stats_enc_pre_fmt:v": "{n}",
    }


def _poster_options() -> dict[str, Any]:
    return {**POSTER_ENCODING, **_clean()}


def _clean() -> dict[str, Any]:
    """Nothing of the upload goes along but picture and sound: no place, no device, no title."""
    return {"map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None, "fflags": "+bitexact"}


def _file(path: Path) -> str:
    """A path that ffmpeg takes for a path, whatever is in it."""
    return f"file:{path.absolute()}"
