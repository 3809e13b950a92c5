"""What `doctor` finds on machines that lack something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reelmill.cli import main
from reelmill.doctor import Check, broker, database, examine, machine, media, weights
from reelmill.embedded import Servers
from reelmill.models.catalogue import IMAGE_WEIGHTS
from reelmill.settings import Settings


def settings(**given: Any) -> Settings:
    return Settings(**given)


def named(name: str, checks: Any) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_ffmpeg_in_use_is_good():
    checks = list(media.checks(settings()))
    assert [check.name for check in checks] == ["ffmpeg", "pyav"]
    assert all(check.ok for check in checks)


def test_a_missing_ffmpeg_is_named_with_a_way_to_mend_it(tmp_path):
    found = named("ffmpeg", media.checks(settings(ffmpeg=tmp_path / "ffmpeg")))
    assert not found.ok
    assert str(tmp_path / "ffmpeg") in found.detail
    assert "REELMILL_FFMPEG" in (found.fix or "")


def test_an_ffmpeg_that_does_not_run_is_found(tmp_path):
    assert not named("ffmpeg", media.checks(settings(ffmpeg=program(tmp_path / "ffmpeg", "exit 1")))).ok


def test_an_ffmpeg_without_x264_or_descriptors_is_found(tmp_path):
    lean = program(tmp_path / "ffmpeg", "echo 'ffmpeg version 1'; echo ' A....D aac  AAC'; echo ' V....D mjpeg  MJPEG'")
    found = named("ffmpeg", media.checks(settings(ffmpeg=lean)))
    assert not found.ok
    assert "libx264, fd" in found.detail


def test_each_missing_weight_is_named_with_what_does_not_work(tmp_path):
    checks = list(weights.checks(settings(model_dir=tmp_path)))
    found = named(f"weights {IMAGE_WEIGHTS.name}", checks)
    assert not found.ok
    assert "visual vector" in found.detail
    assert "make setup" in (found.fix or "")
    assert sum(not check.ok for check in checks) == 4


def test_a_damaged_weight_of_the_right_size_is_found(tmp_path):
    with (tmp_path / IMAGE_WEIGHTS.name).open("wb") as file:
        file.truncate(IMAGE_WEIGHTS.size_bytes)
    found = named(f"weights {IMAGE_WEIGHTS.name}", weights.checks(settings(model_dir=tmp_path)))
    assert not found.ok
    assert "not the file it should be" in found.detail


def test_missing_sample_clips_are_told_and_are_no_failure(tmp_path):
    found = named("sample clips", weights.checks(settings(model_dir=tmp_path)))
    assert found.ok
    assert found.detail.startswith("0 of ")


def test_a_broken_genre_list_is_found(tmp_path):
    (tmp_path / "genres.toml").write_text("genre = 7")
    assert not named("genres", weights.checks(settings(genres_file=tmp_path / "genres.toml"))).ok


def test_a_data_folder_that_takes_no_files_is_found():
    found = named("data folder", machine.checks(settings(data_dir=Path("/proc/reelmill"))))
    assert not found.ok
    assert "REELMILL_DATA_DIR" in (found.fix or "")


@pytest.mark.parametrize(("min_free_bytes", "ok"), [(2**62, False), (1, True), (0, True)])
def test_too_little_room_is_found_by_the_limit_that_holds_up_transcodes(tmp_path, min_free_bytes, ok):
    found = named("disk", machine.checks(settings(data_dir=tmp_path / "data", min_free_bytes=min_free_bytes)))
    assert found.ok is ok
    assert ok or "REELMILL_MIN_FREE_BYTES" in found.detail


def test_nothing_is_made_for_a_data_folder_that_is_not_there_yet(tmp_path):
    checks = list(examine(settings(data_dir=tmp_path / "data", model_dir=tmp_path)))
    assert not (tmp_path / "data").exists()
    assert named("embedded PostgreSQL", checks).ok
    assert named("embedded Valkey", checks).ok
    assert not [check for check in checks if check.name in ("database", "broker")]


def test_a_damaged_record_of_the_embedded_servers_is_found(tmp_path):
    (tmp_path / "servers.json").write_text("{")
    found = named("embedded servers", examine(settings(data_dir=tmp_path, model_dir=tmp_path)))
    assert not found.ok
    assert "damaged" in found.detail


@pytest.mark.parametrize("url", ["postgresql://user:secret@127.0.0.1:1/none", "postgres//user:secret@host"])
def test_a_database_out_of_reach_is_found_and_its_password_kept(url):
    [found] = database.checks(url)
    assert (found.name, found.ok) == ("database", False)
    assert "secret" not in f"{found.detail}{found.fix}"


@pytest.mark.parametrize("url", ["redis://:secret@127.0.0.1:1/0", "http://:secret@host"])
def test_a_broker_out_of_reach_is_found_and_its_password_kept(url):
    [found] = broker.checks(url)
    assert (found.name, found.ok) == ("broker", False)
    assert "secret" not in f"{found.detail}{found.fix}"


def test_the_command_exits_1_and_prints_every_check(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REELMILL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REELMILL_FFMPEG", str(tmp_path / "ffmpeg"))
    assert main(["doctor", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert all(set(check) == {"name", "ok", "detail", "fix"} for check in document["checks"])
    assert main(["doctor"]) == 1
    assert "FAIL  ffmpeg: " in capsys.readouterr().out


def test_a_setting_that_cannot_be_understood_is_a_check_that_failed(monkeypatch, capsys):
    monkeypatch.setenv("REELMILL_LEASE_S", "soon")
    assert main(["doctor", "--json"]) == 1
    [check] = json.loads(capsys.readouterr().out)["checks"]
    assert check["name"] == "settings"
    assert "REELMILL_LEASE_S" in check["detail"]


@pytest.mark.services
class TestServers:
    """Against a real PostgreSQL and Valkey."""

    def test_a_migrated_database_that_rests_is_well(self, database_url: str) -> None:
        checks = list(database.checks(database_url))
        assert [check.name for check in checks] == [
            "database", "pgvector", "schema", "workers", "dispatcher", "consuming",
            "lanes", "leases", "messages", "stuck videos", "poison videos",
        ]  # fmt: skip
        assert all(check.ok for check in checks)
        assert "none is running" in named("workers", checks).detail

    def test_an_empty_database_is_well(self, servers: Servers) -> None:
        checks = list(database.checks(servers.database_url))
        assert all(check.ok for check in checks)
        assert named("schema", checks).detail.startswith("none yet")

    def test_a_schema_that_lacks_a_migration_is_well_and_not_asked_for_what_it_lacks(self, database_url: str) -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM reelmill.migrations WHERE name = '0003_lanes.sql'")
            connection.execute("DROP TABLE reelmill.lanes")
        checks = list(database.checks(database_url))
        assert [check.name for check in checks] == ["database", "pgvector", "schema"]
        assert "0003_lanes.sql comes with the next start" in named("schema", checks).detail

    def test_a_schema_from_a_newer_version_is_found(self, database_url: str) -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute("INSERT INTO reelmill.migrations (name) VALUES ('9999_later.sql')")
        found = named("schema", database.checks(database_url))
        assert not found.ok
        assert "9999_later.sql" in found.detail

    def test_a_broker_that_keeps_what_it_is_given_is_well(self, servers: Servers) -> None:
        checks = list(broker.checks(servers.broker_url))
        assert [check.name for check in checks] == ["broker", "broker eviction", "broker durability"]
        assert all(check.ok and check.fix is None for check in checks)
