"""Which uploads are meant by what was typed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reelmill.cli.failures import CommandLineError
from reelmill.cli.sources import uploads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.mp4", ".hidden.mp4", "below/c.mp4", ".git/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 3)
    return tmp_path


def sources(*arguments: object) -> list[str]:
    return [upload.source for upload in uploads([str(argument) for argument in arguments]).uploads]


def test_a_folder_means_its_files_and_those_below_by_name_but_hidden_ones(folder):
    assert sources(folder) == [str(folder / name) for name in ("a.mp4", "b.mp4", "below/c.mp4")]


def test_a_hidden_file_that_is_named_is_taken(folder):
    assert sources(folder / ".hidden.mp4") == [str(folder / ".hidden.mp4")]


def test_a_relative_path_and_a_file_url_mean_the_same_source(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert sources("a.mp4", "./below/../a.mp4", (folder / "a.mp4").as_uri()) == [str(folder / "a.mp4")]


def test_the_version_is_size_and_time_of_change(folder):
    os.utime(folder / "a.mp4", ns=(1, 2))
    [upload] = uploads([str(folder / "a.mp4")]).uploads
    assert upload.version == "3-2"


def test_an_empty_folder_means_no_upload(tmp_path):
    assert sources(tmp_path) == []


def test_a_linked_folder_is_not_followed(folder):
    (folder / "loop").symlink_to(folder)
    assert len(sources(folder)) == 3


def test_a_pipe_in_a_folder_is_passed_over(folder):
    os.mkfifo(folder / "pipe")
    assert len(sources(folder)) == 3


def test_a_pipe_that_is_named_is_refused(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(CommandLineError, match="Not a regular file"):
        sources(folder / "pipe")


@pytest.mark.parametrize("url", ["s3://bucket/a.mp4", "https://example.org/a.mp4", "file://elsewhere/a.mp4"])
def test_a_file_of_another_machine_is_refused(url):
    with pytest.raises(CommandLineError, match="Only local files"):
        sources(url)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.mp4")
    path.touch()
    with pytest.raises(CommandLineError, match="UTF-8"):
        sources(path)


def test_a_folder_with_one_odd_name_gives_the_others_and_says_which_it_is(folder):
    odd = folder / os.fsdecode(b"\xff.mp4")
    odd.touch()
    named = uploads([str(folder)])
    assert len(named.uploads) == 3
    [(path, error)] = named.refused
    assert path == odd
    assert "UTF-8" in str(error)
