"""What holds for every command: help, misuse, JSON, and a quick start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reelmill import __version__
from reelmill.cli import app
from reelmill.cli.failures import CommandLineError

COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]


def test_the_version_is_printed(reelmill):
    ran = reelmill("--version")
    assert (ran.status, ran.stdout) == (0, f"reelmill {__version__}\n")


def test_help_names_every_command(reelmill):
    ran = reelmill("--help")
    assert ran.status == 0
    assert all(command in ran.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_shows_an_example(reelmill, command):
    ran = reelmill(command, "--help")
    assert ran.status == 0
    assert f"Example: reelmill {command}" in ran.stdout


def test_without_a_command_the_help_is_shown_as_misuse(reelmill):
    ran = reelmill()
    assert ran.status == 2
    assert "ingest" in ran.stdout


MISUSES = [
    ["no-such-command"],
    ["status", "--no-such-option"],
    ["status", "not-an-id"],
    ["status", "--limit", "0"],
    ["similar"],
    ["similar", "not-an-id"],
    ["similar", "00000000-0000-7000-8000-000000000000", "-k", "0"],
    ["search", "  "],
    ["search", "dog", "-k", "201"],
    ["retry"],
    ["retry", "not-an-id"],
    ["ingest"],
    ["ingest", "/no/such/file"],
    ["ingest", "s3://bucket/clip.mp4"],
    ["ingest", ".", "--tenant", ""],
    ["transcode", "/no/such/file", "-o", "."],
    ["describe", "https://example.org/clip.mp4"],
]


@pytest.mark.parametrize("arguments", MISUSES, ids=" ".join)
def test_misuse_exits_2_with_one_sentence_and_starts_nothing(reelmill, tmp_path, arguments):
    ran = reelmill(*arguments)
    assert ran.status == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("reelmill: ")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", MISUSES, ids=" ".join)
def test_misuse_with_json_is_a_document_and_the_same_sentence(reelmill, arguments):
    ran = reelmill(*arguments, "--json")
    assert ran.status == 2
    assert ran.document["ok"] is False
    assert ran.document["error"]["class"] == CommandLineError.__name__
    assert ran.document["error"]["message"]
    assert ran.stderr.count("\n") == 1


def test_the_command_line_is_read_without_loading_anything_heavy():
    heavy = "numpy psycopg pydantic structlog redis av cv2 onnxruntime"
    script = f"import sys, reelmill.cli; print([name for name in '{heavy}'.split() if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://user:secret@127.0.0.1:1/none", "REELMILL_DATABASE_URL"),
        ("postgres//user:secret@host", "REELMILL_DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "json"])
def test_a_database_out_of_reach_is_one_sentence_without_the_password(reelmill, monkeypatch, url, named, options):
    monkeypatch.setenv("REELMILL_DATABASE_URL", url)
    ran = reelmill("status", *options)
    assert ran.status == 1
    assert ran.stderr.startswith("reelmill: ")
    assert ran.stderr.count("\n") == 1
    assert named in ran.stderr
    assert "secret" not in ran.stdout + ran.stderr
    assert not options or ran.document["error"]["class"] == "DatabaseUnavailable"


@pytest.mark.parametrize(("name", "value"), [("LEASE_S", "soon"), ("SOURCE_ROOTS", "not json")])
def test_a_setting_that_cannot_be_understood_is_named(reelmill, monkeypatch, name, value):
    monkeypatch.setenv(f"REELMILL_{name}", value)
    ran = reelmill("status")
    assert ran.status == 1
    assert name in ran.stderr.upper()
