"""The shape that every benchmark prints: one JSON document with `--json`, else a table for people."""

from __future__ import annotations

import json
import os
import platform
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

Cell = str | int | float | None


@dataclass(frozen=True)
class Report:
    """What one benchmark found."""

    name: str
    goal: str
    """In words, with its numbers."""
    value: float
    """The number that the goal is about."""
    ok: bool
    """Whether the whole goal is reached."""
    rows: Sequence[Mapping[str, Cell]]
    """The details; all rows have the same columns."""
    inputs: Mapping[str, Cell] = field(default_factory=dict)
    """What it was run on, as far as the number depends on it."""


def parser(description: str, *, clips: bool = False) -> ArgumentParser:
    """The options that benchmarks share; with `clips` also the folder of clips to run on."""
    made = ArgumentParser(description=description)
    made.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    if clips:
        made.add_argument("--clips", type=Path, required=True, metavar="DIR", help="folder of clips to run on")
    return made


def publish(report: Report, *, as_json: bool) -> int:
    """Print the report; return the exit status, 0 when its goal is reached, else 1."""
    print(_document(report) if as_json else _page(report))
    return 0 if report.ok else 1


def machine() -> str:
    """What it ran on: the processor, the cores this process may use, and Python."""
    return f"{_processor()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"


def _document(report: Report) -> str:
    return json.dumps(asdict(report) | {"machine": machine()})


def _page(report: Report) -> str:
    verdict = "reached" if report.ok else "NOT reached"
    return "\n".join(
        [
            f"{report.name}: {_shown(report.value)}; goal {report.goal}: {verdict}",
            *_table(report.rows),
            *(f"{name}: {_shown(value)}" for name, value in report.inputs.items()),
            machine(),
        ]
    )


def _table(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    if not rows:
        return []
    lines = [list(rows[0]), *([_shown(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()
