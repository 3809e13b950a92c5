"""The probe: what it tells of a file, and what it refuses."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from reelmill.errors import MediaLimit, NoVideo, StageError, UnreadableMedia
from reelmill.media import probe as probing
from reelmill.media.limits import MediaLimits
from reelmill.media.probe import Picture, Probed
from reelmill.media.source import open_source
from tests.reelmill.media.clips import ENCODE, MakeClip, moving_picture, run_ffmpeg

PLAIN = Picture(0, "h264", 320, 240, (1, 1), 25.0, 50, 0.0, 2.0, duration_is_own=True, cut_at_s=None)


DEFAULT = MediaLimits()


def probe(path: Path, limits: MediaLimits = DEFAULT) -> Probed:
    with open_source(str(path), limits) as opened:
        return probing.probe(opened.descriptor, limits, lambda: None)


def test_the_facts_of_a_plain_clip(landscape: Path) -> None:
    found = probe(landscape)
    assert (found.container, found.picture.codec) == ("mov,mp4,m4a,3gp,3g2,mj2", "h264")
    assert found.picture.shown_size == (320, 180)
    assert (found.picture.fps, found.picture.frames) == (25.0, 125)
    assert found.picture.duration_s == pytest.approx(5.0)
    assert found.picture.duration_is_own
    assert found.sound
    assert found.sound.codec == "aac"
    assert found.cpu_s > 0


def test_probing_twice_gives_the_same_answer(landscape: Path) -> None:
    limits = MediaLimits()
    with open_source(str(landscape), limits) as opened:
        first, second = (probing.probe(opened.descriptor, limits, lambda: None) for _ in range(2))
    assert first.picture == second.picture


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_display_matrix_is_read(degrees: int, mirrored: bool, silent: Path, make_clip: MakeClip) -> None:
    turn = ("-display_rotation", str(-degrees), *(("-display_hflip",) if mirrored else ()))
    picture = probe(make_clip(f"turned_{degrees}_{mirrored}.mp4", *turn, "-i", silent, "-c", "copy")).picture
    assert picture.mirrored == mirrored
    assert picture.shown_size == ((240, 320) if degrees in (90, 270) else (320, 240))
    if not mirrored:
        assert picture.rotation == degrees


def test_pixels_that_are_not_square_are_stretched_not_shrunk() -> None:
    assert replace(PLAIN, pixel_aspect=(4, 3)).shown_size == (427, 240)
    assert replace(PLAIN, pixel_aspect=(1, 2)).shown_size == (320, 480)


def test_a_sample_aspect_ratio_is_read(make_clip: MakeClip) -> None:
    clip = make_clip("sar.mp4", *moving_picture("160x240", 1), "-vf", "setsar=2", *ENCODE)
    assert probe(clip).picture.shown_size == (320, 240)


def test_a_recording_without_a_duration_is_measured(tmp_path: Path) -> None:
    clip = tmp_path / "recorded.webm"
    clip.write_bytes(run_ffmpeg(*moving_picture("160x120", 3), "-c:v", "libvpx", "-f", "webm", "pipe:1"))
    picture = probe(clip).picture
    assert picture.duration_s == pytest.approx(3.0, abs=0.1)


def test_a_file_with_only_sound_has_no_video(only_sound: Path) -> None:
    with pytest.raises(NoVideo, match="sound but no moving pictures"):
        probe(only_sound)


def test_a_cover_is_no_video(only_sound: Path, make_clip: MakeClip) -> None:
    cover = ("-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1", "-c:v", "mjpeg", "-map", "0", "-map", "1")
    clip = make_clip("cover.m4a", "-i", only_sound, *cover, "-disposition:v", "attached_pic")
    with pytest.raises(NoVideo):
        probe(clip)


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (MediaLimits(max_pixels=320 * 180 - 1), "REELMILL_MAX_PIXELS is 57599"),
        (MediaLimits(max_duration_s=4.9), "REELMILL_MAX_DURATION_S is 4.9"),
        (MediaLimits(max_streams=1), "REELMILL_MAX_STREAMS is 1"),
    ],
)
def test_a_file_over_a_limit_is_told_which(limits: MediaLimits, setting: str, landscape: Path) -> None:
    with pytest.raises(MediaLimit, match=setting):
        probe(landscape, limits)


def test_a_picture_over_the_limit_is_not_decoded(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "checked", lambda found, limits, cpu_s: found)
    assert probe(silent).video.pix_fmt == "yuv420p"
    assert probe(silent, MediaLimits(max_pixels=100)).video.pix_fmt is None


@pytest.mark.parametrize(
    ("side", "kind"),
    [(12000, MediaLimit), (60000, UnreadableMedia)],
    ids=["over our limit", "more than libav can count"],
)
def test_a_claim_of_a_giant_picture_is_refused(side: int, kind: type[StageError], tmp_path: Path) -> None:
    screen = struct.pack("<6sHHBBB", b"GIF89a", side, side, 0x80, 0, 0) + bytes(6)
    image = struct.pack("<BHHHHBB", 0x2C, 0, 0, side, side, 0, 2) + b"\x02\x4c\x01\x00\x3b"
    (tmp_path / "bomb.gif").write_bytes(screen + image)
    with pytest.raises(kind):
        probe(tmp_path / "bomb.gif")


SECRET_PLAYLISTS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile {}\n",
    "dash.mp4": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        '<AdaptationSet contentType="video"><Representation id="1" bandwidth="1"><BaseURL>file://{}</BaseURL>'
        '<SegmentList><SegmentURL media=""/></SegmentList></Representation></AdaptationSet></Period></MPD>'
    ),
}


@pytest.mark.parametrize("name", SECRET_PLAYLISTS)
def test_a_playlist_that_names_a_local_file_is_refused(name: str, silent: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SECRET_PLAYLISTS[name].format(silent))
    with pytest.raises(UnreadableMedia, match="not a video of a kind that can be read"):
        probe(tmp_path / name)


@pytest.mark.parametrize("name", ["clip.ivf", "clip.nut", "clip.y4m"])
def test_a_container_outside_the_list_is_refused(name: str, make_clip: MakeClip) -> None:
    encode = ("-c:v", "libvpx") if name == "clip.ivf" else ()
    with pytest.raises(UnreadableMedia) as caught:
        probe(make_clip(name, *moving_picture("64x64", 1), *encode))
    assert "whitelist" in caught.value.evidence


@pytest.mark.parametrize("content", [b"Just some words, not a video.\n" * 100, b"\0" * 10_000, b"\x00\x00\x00\x18ftyp"])
def test_bytes_that_are_no_video_are_refused_with_evidence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(UnreadableMedia, match="not a video of a kind that can be read") as caught:
        probe(tmp_path / "clip.mp4")
    assert caught.value.evidence


@pytest.mark.parametrize(
    "answer",
    [
        "not JSON",
        "{}",
        '{"container": "mov", "streams": -1, "audio": null, "video": null}',
        '{"container": "a<b", "streams": 1, "audio": null, "video": null}',
    ],
)
def test_an_answer_the_hostile_bytes_may_have_given_is_not_believed(
    answer: str, silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text(f"print({answer!r})")
    monkeypatch.setattr(probing, "PROGRAM", liar)
    with pytest.raises(StageError) as caught:
        probe(silent)
    assert type(caught.value) is UnreadableMedia


@pytest.mark.parametrize("field", ["width", "fps", "duration_s", "pixel_aspect", "display_matrix"])
def test_numbers_out_of_all_bounds_are_not_believed(field: str) -> None:
    value = {"pixel_aspect": (0, 1), "display_matrix": (1, 2, 3)}.get(field, float("inf"))
    with pytest.raises(ValueError, match=field):
        probing.TypeAdapter(Picture).validate_python({**vars(PLAIN), field: value})
