"""The local blob store: whole folders or nothing, and no key leads out of it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from reelmill.blobs import LocalBlobs
from reelmill.errors import DiskFull, Misuse, SourceMissing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "proxy.mp4").write_bytes(b"proxy")
    (made / "poster.jpg").write_bytes(b"poster")
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def read(blobs: LocalBlobs, key: str) -> bytes:
    with blobs.local(key) as path:
        return path.read_bytes()


def visible(root: Path) -> list[str]:
    """Every file in the store, those still incoming too."""
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


def test_what_is_put_is_read_again(root: Path, folder: Path) -> None:
    blobs = LocalBlobs(root)
    blobs.put_folder("id/transcode-v1-7", folder)
    assert read(blobs, "id/transcode-v1-7/proxy.mp4") == b"proxy"
    assert read(blobs, "id/transcode-v1-7/poster.jpg") == b"poster"
    assert (folder / "proxy.mp4").exists()
    assert visible(root) == ["id/transcode-v1-7/poster.jpg", "id/transcode-v1-7/proxy.mp4"]


def test_an_object_that_is_not_there_is_missing(root: Path, folder: Path) -> None:
    blobs = LocalBlobs(root)
    blobs.put_folder("id", folder)
    for key in ("id/other.mp4", "id", "other/proxy.mp4"):
        with pytest.raises(SourceMissing, match="blob store has no"), blobs.local(key):
            pass


@pytest.mark.parametrize("key", ["", "/etc/passwd", "..", "a/../../b", "a//b", "a/", ".incoming/a", "a\0b", "a\n"])
def test_a_key_that_could_lead_elsewhere_is_refused(key: str, root: Path, folder: Path) -> None:
    blobs = LocalBlobs(root)
    with pytest.raises(Misuse):
        blobs.put_folder(key, folder)
    with pytest.raises(Misuse), blobs.local(key):
        pass
    assert not root.exists()


def test_a_key_is_put_once(root: Path, folder: Path) -> None:
    blobs = LocalBlobs(root)
    blobs.put_folder("id", folder)
    (folder / "proxy.mp4").write_bytes(b"another")
    with pytest.raises(Misuse, match="has id already"):
        blobs.put_folder("id", folder)
    assert read(blobs, "id/proxy.mp4") == b"proxy"
    assert visible(root) == ["id/poster.jpg", "id/proxy.mp4"]


def test_nothing_appears_when_the_disk_fills_up_half_way(
    root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[None] = []

    def copy_one(source: object, target: object) -> None:
        copied.append(None)
        if len(copied) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", copy_one)
    with pytest.raises(DiskFull, match="No space is left for id"):
        LocalBlobs(root).put_folder("id", folder)
    assert visible(root) == []


def test_other_errors_of_the_file_system_go_through(root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalBlobs(root).put_folder("id", tmp_path / "gone")
    assert visible(root) == []


def test_what_is_removed_is_gone_and_nothing_beside_it(root: Path, folder: Path) -> None:
    blobs = LocalBlobs(root)
    blobs.put_folder("video/one", folder)
    blobs.put_folder("video/two", folder)
    blobs.remove("video/one")
    assert visible(root) == ["video/two/poster.jpg", "video/two/proxy.mp4"]


def test_a_video_knows_its_folders_and_no_others(root: Path, folder: Path) -> None:
    blobs, video = LocalBlobs(root), uuid4()
    assert blobs.folders(video) == []
    for key in (f"{video}/b", f"{video}/a", f"{uuid4()}/c"):
        blobs.put_folder(key, folder)
    assert blobs.folders(video) == [f"{video}/a", f"{video}/b"]


def test_removing_what_is_not_there_changes_nothing(root: Path) -> None:
    LocalBlobs(root).remove("video/one")
    assert visible(root) == []


def test_what_a_dead_writer_left_goes_with_its_key(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_self: Path, _target: Path) -> None:
        raise SystemExit

    blobs = LocalBlobs(root)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            blobs.put_folder("video/one", folder)
    assert len(visible(root)) == 2
    blobs.remove("video/one")
    assert visible(root) == []
