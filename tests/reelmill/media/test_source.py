"""Sources: what is opened, what is refused, and the hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from reelmill.errors import MediaLimit, SourceMissing, UnreadableMedia
from reelmill.media import source
from reelmill.media.limits import MediaLimits

DEFAULT = MediaLimits()


def opened(name: str | Path, limits: MediaLimits = DEFAULT) -> bytes:
    with source.open_source(str(name), limits) as file:
        return os.read(file.descriptor, file.size_bytes)


def test_a_path_and_a_file_uri_open_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "a clip #1?.mp4"
    file.write_bytes(b"bytes")
    assert opened(file) == opened(file.as_uri()) == b"bytes"


@pytest.mark.parametrize(
    "name",
    [
        "https://example.com/a.mp4",
        "s3://bucket/a.mp4",
        "file://other.host/a.mp4",
        "concat:/a.mp4|/b.mp4",
        "relative.mp4",
        "-i",
        "",
    ],
)
def test_anything_but_a_local_file_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(SourceMissing, match="Only local files"):
        opened(name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"No such file.*gone\.mp4"):
        opened(tmp_path / "gone.mp4")


def test_a_name_no_file_can_have_is_refused() -> None:
    with pytest.raises(SourceMissing):
        opened("/a\0b.mp4")
    with pytest.raises(SourceMissing):
        opened("/" + "a" * 5000)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="Not a regular file"):
        opened(tmp_path)


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    fifo = tmp_path / "clip.mp4"
    os.mkfifo(fifo)
    with pytest.raises(SourceMissing, match="Not a regular file"):
        opened(fifo)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableMedia, match="The file is empty"):
        opened(tmp_path / "empty.mp4")


def test_a_file_over_the_limit_is_refused_with_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "large.mp4").write_bytes(b"12345")
    with pytest.raises(MediaLimit, match=r"5 bytes.*REELMILL_MAX_UPLOAD_BYTES is 4"):
        opened(tmp_path / "large.mp4", MediaLimits(max_upload_bytes=4))


def test_the_hash_is_that_of_all_bytes_and_beats_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "READ_BYTES", 1000)
    content = bytes(range(256)) * 10
    (tmp_path / "a.mp4").write_bytes(content)
    beats: list[None] = []
    with source.open_source(str(tmp_path / "a.mp4"), MediaLimits()) as file:
        digest = source.sha256(file, lambda: beats.append(None))
    assert digest == hashlib.sha256(content).hexdigest()
    assert len(beats) == 3


def test_the_descriptor_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"bytes")
    with source.open_source(str(tmp_path / "a.mp4"), MediaLimits()) as file, pytest.raises(OSError, match="Bad file"):
        os.write(file.descriptor, b"x")
