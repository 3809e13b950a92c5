"""How a wait looks: a bar for each stage on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reelmill.cli.answers import clean
from reelmill.video import Stage

LINE_EVERY_S = 2.0
"""Seconds between two lines at least: a log of a long wait stays readable."""


class Display(Protocol):
    """Shows how many videos have passed each stage, while its context is open."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def show(self, passed: Mapping[str, int]) -> None:
        """Show the present counts, by stage."""
        ...

    def say(self, note: str) -> None:
        """Say something beside the counts, once."""
        ...


def display(total: int, console: Console) -> Display:
    """The display that suits the console, for a batch of `total` videos."""
    return Bars(total, console) if console.is_terminal else Lines(total, console)


class Bars:
    """A bar for each stage."""

    def __init__(self, total: int, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        self._bars = {stage: self._progress.add_task(stage, total=total) for stage in Stage}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, passed: Mapping[str, int]) -> None:
        """Move the bars."""
        for stage, bar in self._bars.items():
            self._progress.update(bar, completed=passed[stage])

    def say(self, note: str) -> None:
        """Print it above the bars."""
        self._progress.console.print(clean(note))


class Lines:
    """A line whenever the counts have changed, `LINE_EVERY_S` apart, and one at the end."""

    def __init__(self, total: int, console: Console) -> None:
        self._total, self._console = total, console
        self._latest = self._printed = ""
        self._next_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._print()

    def show(self, passed: Mapping[str, int]) -> None:
        """Print the counts, if it is time to."""
        self._latest = "  ".join(f"{stage} {passed[stage]}/{self._total}" for stage in Stage)
        if time.monotonic() >= self._next_s:
            self._print()

    def say(self, note: str) -> None:
        """Print it on a line of its own."""
        self._console.print(clean(note))

    def _print(self) -> None:
        if self._latest != self._printed:
            self._console.print(self._latest)
            self._printed = self._latest
            self._next_s = time.monotonic() + LINE_EVERY_S
