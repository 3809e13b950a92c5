"""Uploads of every kind become proxies; hostile ones end with a reason."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from reelmill.errors import Duplicate, MediaLimit, NoVideo, SourceMissing, UnreadableMedia
from reelmill.media.frames import read_frames
from reelmill.media.limits import MediaLimits
from reelmill.media.transcode import CpuTranscoder
from reelmill.video import Box, Proxy
from tests.reelmill.media.clips import (
    ENCODE,
    MakeClip,
    Transcode,
    decode_rgb,
    described,
    moving_picture,
    run_ffmpeg,
)

Pictures = NDArray[np.uint8]


def frames_of(proxy: Proxy) -> Pictures:
    """All frames of a proxy, their shorter side 120."""
    return read_frames(proxy, size=120, count=1000, ffmpeg=None, limits=MediaLimits(), beat=lambda: None)


def difference(a: Pictures, b: Pictures) -> float:
    """Mean absolute difference of pictures, 0..255."""
    return float(np.abs(a.astype(int) - b).mean())


def test_a_plain_clip_becomes_a_proxy_and_a_poster(landscape: Path, tmp_path: Path) -> None:
    beats: list[None] = []
    made = CpuTranscoder(MediaLimits()).transcode(str(landscape), tmp_path, lambda: beats.append(None))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["poster.jpg", "proxy.mp4"]
    assert made.proxy == Proxy(tmp_path / "proxy.mp4", 5, 5.0, Box(0, 224, 1024, 576), has_audio=True)
    assert (made.rung, made.sampling) == ("cpu", "full")
    assert (made.source.width, made.source.height, made.source.fps) == (320, 180, 25.0)
    assert made.source.size_bytes == landscape.stat().st_size
    assert made.cpu_s > 0
    assert made.wall_s > 0
    assert len(beats) >= made.proxy.frames


def test_the_proxy_is_what_was_promised(landscape: Path, transcode: Transcode) -> None:
    proxy = transcode(landscape).proxy
    told = described(proxy.path)
    for promised in ("h264", "yuv420p(tv, bt709", "1024x1024 [SAR 1:1 DAR 1:1]", " 1 fps", "Audio: aac"):
        assert promised in told
    content = proxy.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_poster_is_a_jpeg_of_the_picture_without_padding(landscape: Path, transcode: Transcode) -> None:
    made = transcode(landscape)
    assert "mjpeg" in described(made.poster)
    assert "640x360" in described(made.poster)
    poster = decode_rgb(made.poster, 213, 120)
    assert min(difference(poster[0], frame) for frame in frames_of(made.proxy)) < 6


def test_the_poster_is_not_the_black_start(make_clip: MakeClip, transcode: Transcode) -> None:
    fade = "drawbox=color=black:t=fill:enable='lt(t,1.6)'"
    clip = make_clip("fade.mp4", *moving_picture("320x180", 5), "-vf", fade, *ENCODE)
    assert decode_rgb(transcode(clip).poster, 64, 36).mean() > 60


def test_frame_n_shows_second_n(make_clip: MakeClip, transcode: Transcode) -> None:
    """A clip whose brightness tells the time: each frame's must be that of its second, within half of one."""
    brightness = "geq=lum='16+20*T':cb=128:cr=128"
    clip = make_clip(
        "clock.mp4", "-f", "lavfi", "-i", f"color=size=64x64:rate=20:duration=8,{brightness}", *ENCODE, "-qp", "1"
    )
    luma = frames_of(transcode(clip).proxy).mean(axis=(1, 2, 3)) / 255 * 219 + 16
    times = (luma - 16) / 20
    assert len(times) == 8
    assert np.abs(times - np.arange(8)).max() <= 0.55


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_or_mirrored_clip_comes_out_as_players_show_it(
    degrees: int, mirrored: bool, silent: Path, make_clip: MakeClip, transcode: Transcode
) -> None:
    turn = ("-display_rotation", str(-degrees), *(("-display_hflip",) if mirrored else ()))
    clip = make_clip(f"turned_{degrees}_{mirrored}.mp4", *turn, "-i", silent, "-c", "copy")
    made = transcode(clip)
    width, height = (120, 160) if degrees in (90, 270) else (160, 120)
    assert difference(frames_of(made.proxy)[0], decode_rgb(clip, width, height)[4]) < 8
    assert "displaymatrix" not in described(made.proxy.path)


COLOUR = (30, 180, 60)


@pytest.mark.parametrize(
    ("name", "size", "matrix", "tags"),
    [
        ("sd_untagged", "320x240", "bt601:out_range=tv", ()),
        ("hd_untagged", "1280x720", "bt709:out_range=tv", ()),
        ("sd_tagged_709", "320x240", "bt709:out_range=tv", ("-bsf:v", "h264_metadata=matrix_coefficients=1")),
        ("full_range", "320x240", "bt601:out_range=pc", ("-color_range", "pc")),
    ],
)
def test_colours_are_kept(
    name: str, size: str, matrix: str, tags: tuple[str, ...], make_clip: MakeClip, transcode: Transcode
) -> None:
    source = "color=0x{:02x}{:02x}{:02x}:size={}:rate=5:duration=1,format=rgb24".format(*COLOUR, size)
    convert = f"scale=out_color_matrix={matrix},format=yuv420p,setparams=colorspace=unknown"
    clip = make_clip(f"{name}.mp4", "-f", "lavfi", "-i", source, "-vf", convert, *ENCODE[:4], "-qp", "1", *tags)
    made = transcode(clip)
    for pictures in (frames_of(made.proxy), decode_rgb(made.poster, 64, 48)):
        assert np.abs(pictures.mean(axis=(0, 1, 2)) - COLOUR).max() < 7


def test_the_padding_is_black_and_the_content_box_is_exact(make_clip: MakeClip, transcode: Transcode) -> None:
    white = "color=white:size=333x77:rate=5:duration=1"
    proxy = transcode(make_clip("white.mkv", "-f", "lavfi", "-i", white, "-c:v", "ffv1")).proxy
    square = decode_rgb(proxy.path, 1024, 1024)[0].mean(axis=2)
    box = proxy.content
    inside = square[box.y : box.y + box.height, box.x : box.x + box.width]
    assert inside.mean() > 250
    assert square.sum() - inside.sum() < 0.01 * inside.sum()


SIZES = {
    "portrait": ("180x320", (), Box(224, 0, 576, 1024)),
    "odd": ("175x99", ("-vf", "scale=175:99,setsar=1", "-pix_fmt", "yuv444p"), Box(0, 222, 1024, 578)),
    "wide_pixels": ("160x240", ("-vf", "setsar=2"), Box(0, 128, 1024, 768)),
}


@pytest.mark.parametrize("name", SIZES)
def test_every_shape_fits(name: str, make_clip: MakeClip, transcode: Transcode) -> None:
    size, more, content = SIZES[name]
    clip = make_clip(f"{name}.mp4", *moving_picture(size, 1), *ENCODE, *more)
    assert transcode(clip).proxy.content == content


def test_a_clip_without_sound_has_a_silent_proxy(silent: Path, transcode: Transcode) -> None:
    made = transcode(silent)
    assert not made.proxy.has_audio
    assert "Audio" not in described(made.proxy.path)


@pytest.mark.parametrize(
    ("rate", "count", "frames"), [(25, 1, 1), (25, 5, 1), (10, 7, 1), (10, 11, 2), (10, 24, 3), (10, 30, 3)]
)
def test_there_is_a_frame_for_each_second_begun_and_always_one(
    rate: int, count: int, frames: int, make_clip: MakeClip, transcode: Transcode
) -> None:
    clip = make_clip(f"count_{rate}_{count}.mp4", *moving_picture("64x64", 9, rate), "-frames:v", str(count), *ENCODE)
    made = transcode(clip)
    assert made.proxy.frames == frames
    assert made.poster.stat().st_size > 0


def test_a_variable_frame_rate_keeps_its_time(make_clip: MakeClip, transcode: Transcode) -> None:
    gaps = "select='not(between(t,1,4.2))'"
    clip = make_clip("vfr.mp4", *moving_picture("320x240", 6, 30), "-vf", gaps, "-fps_mode", "vfr", *ENCODE)
    proxy = transcode(clip).proxy
    assert proxy.frames == 6
    frames = frames_of(proxy)
    assert difference(frames[2], frames[3]) < 2
    assert difference(frames[3], frames[5]) > 2


def test_a_picture_that_comes_late_keeps_its_time(
    landscape: Path, silent: Path, make_clip: MakeClip, transcode: Transcode
) -> None:
    late = ("-i", landscape, "-itsoffset", "3", "-i", silent, "-map", "0:a", "-map", "1:v", "-c", "copy")
    assert transcode(make_clip("late.mp4", *late)).proxy.frames == 5


def test_a_broadcast_cut_out_of_the_middle_is_read(make_clip: MakeClip, transcode: Transcode) -> None:
    keyframes = ("-g", "25", "-bf", "0", "-x264-params", "repeat-headers=1")
    whole = make_clip("broadcast.ts", *moving_picture("320x180", 5), *ENCODE, *keyframes)
    cut = whole.with_name("from_the_middle.ts")
    packets = whole.stat().st_size // 188
    cut.write_bytes(whole.read_bytes()[packets // 4 * 188 :])
    assert transcode(cut).proxy.frames in (3, 4)


def test_a_broken_first_picture_does_not_lose_the_clip(make_clip: MakeClip, transcode: Transcode) -> None:
    whole = make_clip("keyframes.mp4", *moving_picture("320x180", 4), *ENCODE, "-g", "10", "-bf", "0")
    content = bytearray(whole.read_bytes())
    first = content.index(b"mdat") + 4
    content[first : first + 2000] = b"\xff" * 2000
    broken = whole.with_name("broken_start.mp4")
    broken.write_bytes(content)
    assert transcode(broken).proxy.frames == 4


def test_a_picture_that_changes_its_size_keeps_its_time(make_clip: MakeClip, transcode: Transcode) -> None:
    parts = [
        run_ffmpeg(*moving_picture(size, 3), "-output_ts_offset", str(offset), *ENCODE, "-f", "mpegts", "pipe:1")
        for size, offset in (("320x180", 0), ("640x360", 3))
    ]
    clip = make_clip("plain.ts", *moving_picture("320x180", 1), *ENCODE).with_name("changing.ts")
    clip.write_bytes(b"".join(parts))
    assert transcode(clip).proxy.frames == 6


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("clip.mkv", ENCODE),
        ("clip.webm", ("-c:v", "libvpx", "-b:v", "200k")),
        ("clip.avi", ("-c:v", "mpeg4")),
        ("clip.mpg", ("-c:v", "mpeg1video")),
        ("clip.ts", ENCODE),
        ("clip.flv", ("-c:v", "flv")),
        ("clip.wmv", ("-c:v", "wmv2")),
        ("clip.3gp", ENCODE),
        ("clip.mov", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
        ("clip.gif", ()),
    ],
)
def test_the_containers_that_phones_and_apps_upload_are_read(
    name: str, encode: tuple[str, ...], make_clip: MakeClip, transcode: Transcode
) -> None:
    proxy = transcode(make_clip(name, *moving_picture("320x240", 3), *encode)).proxy
    assert proxy.frames == 3
    assert frames_of(proxy).std() > 30


def test_sound_of_many_channels_becomes_two(make_clip: MakeClip, transcode: Transcode) -> None:
    surround = ("-f", "lavfi", "-i", "anullsrc=channel_layout=5.1:sample_rate=48000", "-shortest")
    clip = make_clip("surround.mp4", *moving_picture("64x64", 2), *surround, *ENCODE)
    assert "stereo" in described(transcode(clip).proxy.path)


def test_nothing_of_the_uploads_metadata_goes_along(silent: Path, make_clip: MakeClip, transcode: Transcode) -> None:
    private = ("-metadata", "title=Secret title", "-metadata", "location=+48.2+16.3/", "-movflags", "use_metadata_tags")
    made = transcode(make_clip("private.mp4", "-i", silent, "-c", "copy", *private))
    for file in (made.proxy.path, made.poster):
        assert b"Secret" not in file.read_bytes()
        assert b"+48.2" not in file.read_bytes()


def test_the_hash_comes_before_any_decoding_and_can_stop_it(landscape: Path, tmp_path: Path) -> None:
    original = uuid4()

    def on_hash(content_hash: str) -> None:
        assert len(content_hash) == 64
        raise Duplicate(original)

    with pytest.raises(Duplicate):
        CpuTranscoder(MediaLimits()).transcode(str(landscape), tmp_path, lambda: None, on_hash=on_hash)
    assert not list(tmp_path.iterdir())


def test_a_missing_source_is_said_to_be_missing(transcode: Transcode, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        transcode(tmp_path / "gone.mp4")


def test_only_sound_is_no_video(only_sound: Path, transcode: Transcode) -> None:
    with pytest.raises(NoVideo):
        transcode(only_sound)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_truncated_clip_is_rejected_with_a_reason(share: float, landscape: Path, tmp_path: Path) -> None:
    content = landscape.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: int(len(content) * share)])
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UnreadableMedia, match=r"ends early: \d\.\d of 5\.0 seconds"):
        CpuTranscoder(MediaLimits()).transcode(str(tmp_path / "cut.mp4"), out, lambda: None)
    assert not list(out.iterdir())


def test_a_truncated_recording_without_an_index_is_rejected(make_clip: MakeClip, transcode: Transcode) -> None:
    whole = make_clip("whole.mkv", *moving_picture("320x180", 5), *ENCODE)
    cut = whole.with_name("cut.mkv")
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UnreadableMedia, match="ends early"):
        transcode(cut)


def test_a_clip_whose_index_was_cut_off_is_rejected(silent: Path, tmp_path: Path, transcode: Transcode) -> None:
    content = silent.read_bytes()
    (tmp_path / "no_moov.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableMedia):
        transcode(tmp_path / "no_moov.mp4")


def test_a_clip_longer_than_it_claims_is_stopped_at_the_limit(make_clip: MakeClip, tmp_path: Path) -> None:
    """An FLV tells its length in a number that anybody can write."""
    clip = make_clip("long.flv", *moving_picture("64x64", 12, 5), "-c:v", "flv")
    content = clip.read_bytes()
    at = content.index(b"duration") + len(b"duration") + 1
    liar = clip.with_name("liar.flv")
    liar.write_bytes(content[:at] + b"\x40\x00" + bytes(6) + content[at + 8 :])  # 2.0 as a big-endian double.
    with pytest.raises(MediaLimit, match="REELMILL_MAX_DURATION_S"):
        CpuTranscoder(MediaLimits(max_duration_s=6)).transcode(str(liar), tmp_path, lambda: None)
    assert len(decode_rgb(tmp_path / "proxy.mp4", 16, 16)) == 7


def test_noise_after_a_good_start_ends_with_a_reason(landscape: Path, tmp_path: Path, transcode: Transcode) -> None:
    content = bytearray(landscape.read_bytes())
    start = content.index(b"mdat") + 20_000
    content[start:] = np.random.default_rng(1).bytes(len(content) - start)
    (tmp_path / "noise.mp4").write_bytes(content)
    with pytest.raises(UnreadableMedia):
        transcode(tmp_path / "noise.mp4")


def test_no_descriptor_is_left_open(landscape: Path, transcode: Transcode) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    transcode(landscape)
    assert set(Path("/proc/self/fd").iterdir()) == before
