"""What reaches a terminal, a pipe and a program."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from rich.console import Console

from reelmill.cli.answers import clean, console, write_json
from reelmill.cli.bars import Bars, Lines, display
from reelmill.cli.tables import print_table

PASSED = {"transcode": 2, "describe": 1, "embed": 0, "index": 0}


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal as stdout. No fixture, because pytest puts its own stdout back after those."""
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


def test_an_escape_sequence_in_a_file_name_never_reaches_the_terminal():
    assert clean("a\x1b[2J\x9b\u202eb\nc") == "a\ufffd[2J\ufffd\ufffdb c"


def test_a_terminal_gets_colours_and_bars(monkeypatch):
    screen = on_a_screen(monkeypatch)
    out = console()
    out.print("red", style="red")
    assert "\x1b[" in screen.getvalue()
    assert isinstance(display(3, out), Bars)


def test_no_color_means_no_control_codes_even_on_a_terminal(monkeypatch):
    screen = on_a_screen(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    out = console()
    with display(3, out) as shown:
        shown.show(PASSED)
    print_table(out, ("id", "video"), [("1", "x")])
    assert "\x1b" not in screen.getvalue()
    assert "describe 1/3" in screen.getvalue()


def test_a_pipe_gets_whole_lines_without_padding():
    out = Console(file=io.StringIO(), width=10_000)
    print_table(out, ("id", "video"), [("1", "x" * 500), ("2", "y")])
    assert out.file.getvalue() == f"id  video\n1   {'x' * 500}\n2   y\n"


def test_counts_are_printed_when_they_change_and_at_the_end():
    out = Console(file=io.StringIO(), width=200)
    with Lines(2, out) as lines:
        lines.show(PASSED)
        lines.show(PASSED)
        lines.show({**PASSED, "index": 2})
    first, last = out.file.getvalue().splitlines()
    assert (first, last) == (
        "transcode 2/2  describe 1/2  embed 0/2  index 0/2",
        "transcode 2/2  describe 1/2  embed 0/2  index 2/2",
    )


def test_json_is_ascii_and_has_ids_and_times_as_text(capsys):
    identity = UUID(int=7)
    write_json({"id": identity, "at": datetime(2026, 1, 2, tzinfo=UTC), "title": "\x9b\udcff\u00e9"})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {
        "id": str(identity),
        "at": "2026-01-02T00:00:00+00:00",
        "title": "\x9b\udcff\u00e9",
    }
