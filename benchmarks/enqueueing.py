"""Load: the real `enqueue` over 16 connections, each call a transaction of its own.

Four processes with four threads each, so that no interpreter's lock is what is measured; they do share the machine's
cores with PostgreSQL.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from queue import SimpleQueue
from uuid import uuid4

import psycopg

from benchmarks.backlogs import TENANTS
from reelmill.ledger.videos import enqueue

PROCESSES, THREADS = 4, 4

WARM_UP = 10
"""Calls of each connection before the clock starts: connecting, planning and preparing are not enqueueing."""


@dataclass(frozen=True)
class Load:
    """What one round of enqueueing took."""

    rows_per_s: float
    latencies_s: tuple[float, ...]


def enqueue_from_everywhere(url: str, rows: int) -> Load:
    """Enqueue about so many videos and take them out again, so that the next round finds the same backlog."""
    spawn = get_context("spawn")
    answers = spawn.SimpleQueue()
    barrier = spawn.Barrier(PROCESSES)
    marker = f"bench-{uuid4()}"
    calls = rows // (PROCESSES * THREADS)
    processes = [spawn.Process(target=_process, args=(url, marker, calls, barrier, answers)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    spans = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    _take_out(url, marker)
    latencies_s = tuple(latency_s for _, _, latencies in spans for latency_s in latencies)
    wall_s = max(ended for _, ended, _ in spans) - min(started for started, _, _ in spans)
    return Load(len(latencies_s) / wall_s, latencies_s)


def _process(url: str, marker: str, calls: int, barrier: Barrier, answers: SimpleQueue[object]) -> None:
    connections = [psycopg.connect(url, autocommit=True) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda connection: _enqueue(connection, marker, WARM_UP), connections))
        barrier.wait()
        started_s = time.monotonic()
        latencies = list(threads.map(lambda connection: _enqueue(connection, marker, calls), connections))
        ended_s = time.monotonic()
    for connection in connections:
        connection.close()
    answers.put((started_s, ended_s, [latency_s for each in latencies for latency_s in each]))


def _enqueue(connection: psycopg.Connection, marker: str, calls: int) -> list[float]:
    latencies = []
    for call in range(calls):
        source, tenant = f"s3://uploads/{uuid4()}.mp4", f"tenant-{call % TENANTS}"
        started_s = time.monotonic()
        enqueue(connection, source, tenant=tenant, version=marker)
        latencies.append(time.monotonic() - started_s)
    return latencies


def _take_out(url: str, marker: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM reelmill.videos WHERE version = %s", [marker])
        connection.execute("VACUUM reelmill.videos")
