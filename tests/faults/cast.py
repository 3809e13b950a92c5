"""Who takes part in a fault test: the mill's own children, and the proxies between them and their servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from config.queues import queues
from reelmill.settings import Settings
from tests.faults import armed
from tests.faults.proxy import TcpProxy
from workers.children import Child, worker


def children(settings: Settings, *, workers: Mapping[str, int], dispatchers: int) -> list[Child]:
    """The mill's own children, the dispatchers obeying orders."""
    made = [
        Child(f"dispatcher-{number}", (sys.executable, "-m", "tests.faults.dispatch")) for number in range(dispatchers)
    ]
    for queue in queues(settings, cores=2):
        plain = worker(queue)
        for number in range(workers.get(queue.name, 1)):
            command = tuple(renamed(part, f"{number}-") for part in plain.command)
            made.append(replace(plain, name=f"{queue.name}-{number}", command=command))
    return made


def renamed(part: str, prefix: str) -> str:
    """No two workers may have one name."""
    return part.replace("--hostname=", f"--hostname={prefix}")


def told_by_tests(settings: Settings, orders: Path) -> dict[str, str]:
    named = {f"REELMILL_{name.upper()}": str(getattr(settings, name)) for name in ("toolbox", "lease_s", "ring_wait_s")}
    return named | {armed.FOLDER: str(orders)}


@contextmanager
def proxied(url: str) -> Iterator[tuple[TcpProxy, str]]:
    parts = urlsplit(url)
    proxy = TcpProxy(str(parts.hostname), int(parts.port or 0))
    try:
        yield proxy, url.replace(f":{parts.port}/", f":{proxy.port}/")
    finally:
        proxy.close()
