"""Tiny real videos through the mill for minutes, under one random fault after another; then the tally.

    python -m tests.faults.soak --minutes 10 --seed 7

Leases and waits are those of production. The seed decides which faults come, when, and to whom, and is printed, so
that a run that ends badly can be had again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from reelmill.settings import Settings
from tests.faults.clips import ClipMaker
from tests.faults.effects import logged
from tests.faults.fleet import Fleet, fleet
from tests.faults.injector import Injector
from tests.faults.toolbox import REAL_MEDIA

AT_ONCE = 40
"""Videos unfinished at any time: enough to keep all queues busy."""
BETWEEN_S = (8.0, 20.0)
"""Quiet between two faults, so that recoveries can be told apart."""
LAST_S = 600.0
"""How long the last videos may take once the faults have ended: a retry waits for up to a few minutes."""


def main() -> int:
    """Run, print the report, and give 1 if a promise was broken."""
    options = _options()
    defaults = Settings()
    with tempfile.TemporaryDirectory(prefix="reelmill-soak-") as folder:
        told = {"cpu-0": {REAL_MEDIA: "1"}}
        with fleet(
            Path(folder), dispatchers=2, told=told, lease_s=defaults.lease_s, ring_wait_s=defaults.ring_wait_s
        ) as mill:
            report = _soak(mill, minutes=options.minutes, seed=options.seed)
            if report["broken_promises"] and options.keep:
                mill.logs.rename(options.keep)
    print(json.dumps(report, indent=None if options.json else 2))
    return 1 if report["broken_promises"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults are injected (10)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="which faults, when")
    parser.add_argument("--json", action="store_true", help="the report on one line")
    parser.add_argument("--keep", metavar="FOLDER", help="move the logs there when a promise was broken")
    return parser.parse_args()


def _soak(mill: Fleet, *, minutes: float, seed: int) -> dict[str, object]:
    chance = random.Random(seed)
    clips = ClipMaker(mill.clips, chance)
    faults = Injector(mill, chance)
    _say(f"seed {seed}, {minutes:g} minutes")
    ends_s = time.monotonic() + 60 * minutes
    next_fault_s = time.monotonic() + chance.uniform(*BETWEEN_S)
    while time.monotonic() < ends_s:
        mill.pause(0.5)
        mill.feed(clips, AT_ONCE)
        faults.settle()
        if time.monotonic() >= next_fault_s:
            _say(f"{len(mill.accepted)} videos, {faults.inject()}")
            next_fault_s = time.monotonic() + chance.uniform(*BETWEEN_S)
    faults.end()
    _say(f"{len(mill.accepted)} videos accepted; waiting for the last")
    mill.await_ended(mill.accepted, patience_s=LAST_S)
    # What a killed attempt left on the disk, the next transcode sweeps.
    mill.feed(clips, 1)
    mill.await_ended(mill.accepted, patience_s=LAST_S)
    faults.settle()
    return _report(mill, faults, minutes=minutes, seed=seed)


def _report(mill: Fleet, faults: Injector, *, minutes: float, seed: int) -> dict[str, object]:
    calls = logged(mill.settings.data_dir, "describe")
    broken = mill.broken_promises()
    ended = dict(zip(mill.accepted, mill.states(mill.accepted), strict=True))
    astray = [video for video, state in ended.items() if state not in mill.expected[video]]
    lost = set(mill.rows("SELECT id FROM reelmill.videos WHERE state = 'failed' AND error_class = 'WorkerLost'"))
    broken += [f"{video} ended {ended[video]}" for video in astray if (video,) not in lost]
    # Three faults must hit a video before it is given up.
    if len(astray) > faults.number // 3:
        broken.append(f"{len(astray)} good videos were given up after {faults.number} faults")
    states = Counter(ended.values())
    tries = Counter(error for error in mill.errors(mill.accepted) if error)
    return {
        "seed": seed,
        "minutes": minutes,
        "videos": len(mill.accepted),
        "states": dict(states),
        "tries_that_ended_without_success": dict(tries),
        "good_videos_given_up": len(astray),
        "describe_calls": sum(calls.values()),
        "calls_repeated": sum(max(0, times - 1) for times in calls.values()),
        "faults": faults.report(),
        "broken_promises": broken,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
