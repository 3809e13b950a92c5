"""CPU time of processes that are running, with all their children, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def tree_cpu_s(roots: Iterable[int]) -> float:
    """CPU seconds, user and system, spent so far by these processes and all below them, the ended ones included."""
    stats = _stats()
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[1]), []).append(pid)
    wanted, found = list(roots), set[int]()
    while wanted:
        pid = wanted.pop()
        if pid in stats and pid not in found:
            found.add(pid)
            wanted += children.get(pid, [])
    # utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5); fields[0] here is its third.
    return sum(int(stats[pid][field]) for pid in found for field in (11, 12, 13, 14)) * TICK_S


def _stats() -> dict[int, list[str]]:
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except OSError:
                continue  # It has ended meanwhile.
            stats[int(folder.name)] = text.rpartition(")")[2].split()
    return stats
