"""Removes one guard after another from a copy of the code: each time some test must turn red.

    python -m tests.faults.mutants

A guard that can go without a test noticing is a promise that nobody keeps. Prints a table; exits 1 if a mutant
survives, and 2 if the tests are not green with every guard in its place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEDGER = ("tests/reelmill/ledger/test_runs.py", "tests/reelmill/ledger/test_rings.py")
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Mutant:
    """One guard, how it is removed, and the tests that must notice."""

    guard: str
    path: str
    there: str
    instead: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "the fence: a commit needs its own token",
        "reelmill/ledger/queries/finish_run.sql",
        "  AND token = %(token)s AND state = 'running'\n",
        "  AND state = 'running'\n",
        ("tests/faults/test_processes.py::test_a_frozen_worker_that_comes_back_writes_nothing",),
    ),
    Mutant(
        "the fence: a stage that is no longer running cannot be committed",
        "reelmill/ledger/queries/finish_run.sql",
        "  AND token = %(token)s AND state = 'running'\n",
        "  AND token = %(token)s\n",
        LEDGER,
    ),
    Mutant(
        "the fence of failures",
        "reelmill/ledger/queries/end_run.sql",
        "      AND token = %(token)s AND state = 'running'\n",
        "      AND state = 'running'\n",
        LEDGER,
    ),
    Mutant(
        "the ring's id: a message must be of the present ring",
        "reelmill/ledger/queries/claim.sql",
        "      AND l.link ->> 'task_id' = %(task_id)s\n",
        "",
        LEDGER,
    ),
    Mutant(
        "the lease: a held stage cannot be claimed",
        "reelmill/ledger/queries/claim.sql",
        "        WHERE s.state = 'waiting'\n",
        "",
        ("tests/faults/test_broker.py::test_a_copy_of_a_message_does_nothing_and_the_video_survives_its_worker",),
    ),
    Mutant(
        "the re-ring of lost messages",
        "workers/dispatcher.py",
        "in rings.drop_lost():",
        "in ():",
        ("tests/faults/test_broker.py::test_a_message_that_vanishes_on_the_wire_is_sent_again",),
    ),
    Mutant(
        "the end of leases that ran out",
        "workers/dispatcher.py",
        "in self._ledger.runs.expired():",
        "in ():",
        (
            "tests/faults/test_processes.py::"
            "test_a_process_killed_at_any_point_leaves_one_effect_of_each_stage[transcode.claimed]",
        ),
    ),
    Mutant(
        "the renewal of leases",
        "reelmill/ledger/keeper.py",
        "        lost = self._runs.renew([held.lease for held in moving])\n",
        "        lost: set[Lease] = set()\n",
        ("tests/faults/test_processes.py::test_work_longer_than_its_lease_is_done_once",),
    ),
    Mutant(
        "the bound on videos in flight for a queue",
        "workers/dispatcher.py",
        "room = self._depth[first] - in_flight.get(first, 0)",
        "room = 1_000_000",
        ("tests/workers/test_dispatcher.py",),
    ),
    Mutant(
        "the commit whose answer was lost is known by its token",
        "reelmill/ledger/runs.py",
        "elif not self._committed_before(connection, lease):",
        "else:",
        ("tests/reelmill/ledger/test_runs.py", "tests/faults/test_database.py"),
    ),
)


def main() -> int:
    """Try them all, after the same tests on an unchanged copy."""
    everything = sorted({test for mutant in MUTANTS for test in mutant.tests})
    with _copy() as copy:
        if (outcome := _outcome(copy, everything)) != "green":
            print(f"The tests are {outcome} with every guard in its place; nothing can be learned.", file=sys.stderr)
            return 2
    print("| guard removed | tests | |\n|---|---|---|", flush=True)
    survivors = 0
    for mutant in MUTANTS:
        outcome = _tried(mutant)
        survivors += outcome != "red"
        names = ", ".join(sorted({test.partition("::")[0] for test in mutant.tests}))
        print(f"| {mutant.guard} | {names} | {outcome} |", flush=True)
    return 1 if survivors else 0


def _tried(mutant: Mutant) -> str:
    with _copy() as copy:
        file = copy / mutant.path
        code = file.read_text()
        if code.count(mutant.there) != 1:
            return "not where this file says"
        file.write_text(code.replace(mutant.there, mutant.instead))
        return _outcome(copy, mutant.tests)


@contextmanager
def _copy() -> Iterator[Path]:
    """The files of the working tree that git knows."""
    with tempfile.TemporaryDirectory(prefix="reelmill-mutant-") as folder:
        copy = Path(folder)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
        yield copy


def _outcome(copy: Path, tests: Sequence[str]) -> str:
    """`red` when a test failed; a run that never came to an end is something else, and told as such."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            timeout=PATIENCE_S,
            check=False,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {PATIENCE_S:.0f} s"
    if ended.returncode == 0:
        return "green"
    if ended.returncode == 1 and " failed" in ended.stdout.splitlines()[-1]:
        return "red"
    print(ended.stdout[-3000:], file=sys.stderr)
    return f"pytest exit {ended.returncode}"


if __name__ == "__main__":
    sys.exit(main())
