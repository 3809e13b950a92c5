"""Which files an HTTP caller may name: whatever is tried, only regular files in the folders opened for it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from fastapi import HTTPException

from api.sources import NOT_OPEN, upload_of
from reelmill.uploads import local_upload


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "uploads"
    root.mkdir()
    return root


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside the root, in a folder whose name begins as the root's does."""
    secret = tmp_path / "uploads of others" / "secret.mp4"
    secret.parent.mkdir()
    secret.write_bytes(b"secret")
    return secret


def test_a_file_in_a_root_is_taken(root: Path) -> None:
    clip = root / "deep" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"x")
    assert upload_of(str(clip), [root]) == local_upload(clip)


def test_a_link_inside_the_root_is_taken_by_the_name_of_its_target(root: Path) -> None:
    (root / "clip.mp4").write_bytes(b"x")
    (root / "link.mp4").symlink_to("clip.mp4")
    assert upload_of(str(root / "link.mp4"), [root]).source == str(root / "clip.mp4")


def test_a_root_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (root / "clip.mp4").write_bytes(b"x")
    (tmp_path / "link").symlink_to(root)
    assert upload_of(str(tmp_path / "link" / "clip.mp4"), [tmp_path / "link"]).source == str(root / "clip.mp4")


def test_without_roots_nothing_is_taken(root: Path) -> None:
    (root / "clip.mp4").write_bytes(b"x")
    assert _refusal(str(root / "clip.mp4")) == (403, NOT_OPEN)


def test_a_file_elsewhere_is_refused(root: Path, secret: Path) -> None:
    assert _refusal(str(secret), root) == (403, NOT_OPEN)
    assert _refusal(secret.as_uri(), root) == (403, NOT_OPEN)


def test_dots_lead_nowhere(root: Path, secret: Path) -> None:
    for way in (f"{root}/../{secret.parent.name}/secret.mp4", f"file://{root}/%2e%2e/{secret.parent.name}/secret.mp4"):
        assert _refusal(way, root) == (403, NOT_OPEN)


def test_a_link_out_of_the_root_is_refused(root: Path, secret: Path) -> None:
    (root / "link.mp4").symlink_to(secret)
    (root / "folder").symlink_to(secret.parent)
    assert _refusal(str(root / "link.mp4"), root) == (403, NOT_OPEN)
    assert _refusal(str(root / "folder" / "secret.mp4"), root) == (403, NOT_OPEN)


def test_a_circle_of_links_is_refused(root: Path) -> None:
    (root / "circle").symlink_to("circle")
    assert _refusal(str(root / "circle"), root) == (403, NOT_OPEN)


@pytest.mark.parametrize("kind", ["folder", "fifo", "socket"])
def test_what_is_not_a_regular_file_is_refused(root: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = root / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(root)  # A socket's path may hold 108 bytes, which a test's folder can take up alone.
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(kind)
    assert _refusal(str(path), root) == (403, NOT_OPEN)


def test_a_missing_file_is_refused_in_the_same_words_as_a_forbidden_one(root: Path, secret: Path) -> None:
    assert _refusal(str(root / "missing"), root) == _refusal(str(secret), root) == _refusal("/missing", root)


def test_a_nul_hidden_in_a_uri_is_refused(root: Path) -> None:
    assert _refusal(f"file://{root}/clip%00.mp4", root) == (403, NOT_OPEN)


@pytest.mark.parametrize("source", ["s3://b/k", "https://host/x", "file://elsewhere/x", "clip.mp4", "fd:3", "-i"])
def test_what_is_not_a_local_file_is_of_no_supported_kind(root: Path, source: str) -> None:
    assert _refusal(source, root)[0] == 422


def _refusal(source: str, *roots: Path) -> tuple[int, str]:
    with pytest.raises(HTTPException) as refused:
        upload_of(source, roots)
    return refused.value.status_code, refused.value.detail
