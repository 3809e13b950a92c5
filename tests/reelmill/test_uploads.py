"""How a local file is named in the ledger."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from reelmill.errors import Misuse
from reelmill.ledger import Ledger
from reelmill.uploads import MAX_SOURCE_CHARS, MAX_TENANT_CHARS, MAX_VERSION_CHARS, is_text, local_upload


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"some bytes")
    return clip


def test_the_source_is_the_absolute_path(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clip.parent)
    assert local_upload(Path("clip.mp4")).source == str(clip)
    assert local_upload(Path(f"../{clip.parent.name}/clip.mp4")).source == str(clip)


def test_a_link_keeps_the_name_it_was_given(clip: Path) -> None:
    link = clip.with_name("link.mp4")
    link.symlink_to(clip)
    assert local_upload(link) == (str(link), local_upload(clip).version)


def test_the_version_changes_with_size_and_with_time(clip: Path) -> None:
    first = local_upload(clip).version
    assert local_upload(clip).version == first
    time_ns = clip.stat().st_mtime_ns
    os.utime(clip, ns=(time_ns, time_ns + 1))
    second = local_upload(clip).version
    clip.write_bytes(b"more bytes than before")
    os.utime(clip, ns=(time_ns, time_ns))
    assert len({first, second, local_upload(clip).version}) == 3


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_only_a_regular_file_can_be_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(Misuse, match=str(path)):
        local_upload(path)


@pytest.mark.parametrize("name", [b"not utf-8 \xff.mp4", b"/".join([b"x" * 250] * 8)], ids=["bytes", "length"])
def test_a_path_that_the_ledger_cannot_hold_is_refused(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(Misuse, match=r"UTF-8|longer than"):
        local_upload(path)


def test_text_is_what_postgresql_can_store() -> None:
    assert is_text("clip \N{CLAPPER BOARD} \u00e9.mp4")
    assert not is_text("nul \0")
    assert not is_text("surrogate \udcff")


@pytest.mark.services
@pytest.mark.parametrize(
    ("name", "most"), [("tenant", MAX_TENANT_CHARS), ("source", MAX_SOURCE_CHARS), ("version", MAX_VERSION_CHARS)]
)
def test_the_limits_are_those_of_the_table(ledger: Ledger, name: str, most: int) -> None:
    names = {"source": "/clip.mp4"}
    assert ledger.videos.enqueue(**names | {name: "\N{CLAPPER BOARD}" * most}).created
    with pytest.raises(psycopg.errors.CheckViolation):
        ledger.videos.enqueue(**names | {name: "x" * (most + 1)})
