"""The ffmpeg command: what it may open, and what it never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelmill.errors import Misuse
from reelmill.media.command import ffmpeg_program, transcode_command
from reelmill.media.limits import MediaLimits
from reelmill.media.plan import plan_cpu
from reelmill.media.probe import Picture, Probed, Sound

PICTURE = Picture(1, "h264", 640, 360, (1, 1), 25.0, 50, 0.0, 2.0, duration_is_own=True, cut_at_s=None)


def command(sound: Sound | None, folder: Path = Path("/tmp/a:b")) -> list[str]:
    plan = plan_cpu(Probed("mov", PICTURE, sound, 0.0))
    return transcode_command(plan, 7, folder, MediaLimits(max_duration_s=10), "/usr/bin/ffmpeg")


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def test_the_input_is_only_the_descriptor() -> None:
    arguments = command(None)
    before_input = arguments[: arguments.index("-i")]
    assert arguments.count("-i") == 1
    assert option(arguments, "-i") == "fd:"
    assert option(before_input, "-fd") == "7"
    assert option(before_input, "-protocol_whitelist") == "fd"
    allowed = option(before_input, "-format_whitelist").split(",")
    assert "mov" in allowed
    assert not {"hls", "dash", "concat", "image2", "lavfi"} & set(allowed)


def test_the_output_is_bounded_even_where_timestamps_lie() -> None:
    assert option(command(None), "-t") == "11"


def test_outputs_are_files_whatever_their_folder_is_called() -> None:
    assert "file:/tmp/a:b/proxy.mp4" in command(None)
    assert "file:/tmp/a:b/poster.jpg" in command(None)


def test_the_probed_streams_are_taken_and_no_other() -> None:
    graph = option(command(Sound(0, "aac", 2.0)), "-filter_complex")
    assert "[0:1]" in graph
    assert "[0:0]" in graph
    assert "-c:a" not in command(None)


def test_an_ffmpeg_that_is_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="REELMILL_FFMPEG is not a program"):
        ffmpeg_program(tmp_path / "ffmpeg")
