"""A tethered program ends with the process that started it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from reelmill.embedded import tether
from reelmill.embedded.spawn import server_command

ROOT = Path(__file__).parents[3]
LIMIT_S = 30
SLEEP = "/bin/sleep"

PARENT = f"""
import signal, subprocess, sys
from reelmill.embedded.spawn import server_command
child = subprocess.Popen(server_command([{SLEEP!r}, "600"], signal.SIGTERM), start_new_session=True)
print(child.pid, flush=True)
sys.stdin.readline()
"""


def test_a_program_ends_when_its_parent_is_killed_outright() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([child], [], [], LIMIT_S)[0]
    os.close(child)


def test_a_program_whose_parent_is_gone_already_is_not_started() -> None:
    not_its_parent = str(os.getppid())
    command = [sys.executable, tether.__file__, str(int(signal.SIGTERM)), not_its_parent, SLEEP, "600"]
    assert subprocess.run(command, timeout=LIMIT_S, check=False).returncode == 0


def test_arguments_reach_the_program_as_they_are() -> None:
    words = ["a b", "--", "-c", "$HOME", ""]
    command = server_command(["/usr/bin/printf", "%s|", *words], signal.SIGTERM)
    assert subprocess.check_output(command, text=True) == "|".join([*words, ""])
