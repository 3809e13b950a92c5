"""The commands that need no server."""

from __future__ import annotations

from reelmill.cli.transcode import KEYS


def test_a_proxy_and_a_poster_are_left_and_nothing_else(reelmill, clip, tmp_path):
    output = tmp_path / "new" / "out"
    ran = reelmill("transcode", str(clip), "-o", str(output), "--json")
    assert ran.status == 0
    assert ran.document["ok"] is True
    assert ran.document["error"] is None
    assert set(ran.document) == {"ok", "error", *KEYS}
    assert ran.document["frames"] == 3
    assert sorted(output.iterdir()) == [output / "poster.jpg", output / "proxy.mp4"]
    assert ran.document["proxy"] == str(output / "proxy.mp4")
    assert ran.document["poster"] == str(output / "poster.jpg")


def test_a_relative_output_folder_is_taken_from_where_one_is(reelmill, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = reelmill("transcode", str(clip), "-o", "out")
    assert ran.status == 0
    assert str(tmp_path / "out" / "proxy.mp4") in ran.stdout


def test_a_file_that_is_no_video_fails_with_its_class_and_leaves_nothing(reelmill, tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    output = tmp_path / "out"
    ran = reelmill("transcode", str(tmp_path / "notes.txt"), "-o", str(output), "--json")
    assert ran.status == 1
    assert set(ran.document) == {"ok", "error", *KEYS}
    assert ran.document["ok"] is False
    assert ran.document["error"]["class"] == "UnreadableMedia"
    assert ran.stderr == f"reelmill: {ran.document['error']['message']}\n"
    assert list(output.iterdir()) == []


def test_people_see_the_evidence_of_a_failure_too(reelmill, tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    ran = reelmill("transcode", str(tmp_path / "notes.txt"), "-o", str(tmp_path / "out"))
    assert ran.status == 1
    assert "Invalid data found" in ran.stderr


def test_an_output_folder_that_cannot_be_made_is_misuse(reelmill, clip, tmp_path):
    (tmp_path / "file").touch()
    ran = reelmill("transcode", str(clip), "-o", str(tmp_path / "file"))
    assert ran.status == 2
    assert "Nothing can be written" in ran.stderr


def test_a_folder_cannot_be_transcoded(reelmill, tmp_path):
    ran = reelmill("transcode", str(tmp_path), "-o", str(tmp_path / "out"), "--json")
    assert (ran.status, ran.document["error"]["class"]) == (1, "SourceMissing")


def test_a_description_has_title_genres_tags_and_evidence(reelmill, clip):
    ran = reelmill("describe", str(clip), "--json")
    assert ran.status == 0
    assert set(ran.document) == {"title", "genres", "description", "tags", "evidence"}
    assert ran.document["title"]
    assert all(set(tag) == {"name", "confidence"} for tag in ran.document["tags"])


def test_a_description_for_people_begins_with_the_title(reelmill, clip):
    document = reelmill("describe", str(clip), "--json").document
    assert reelmill("describe", str(clip)).stdout.splitlines()[0] == document["title"]
