"""How processes share the servers of a data folder: find those that run, wait for them, or run them.

A process that uses another's servers holds `users.lock`, shared, for that time. An owner that `servers` made
takes it alone before it stops them, so that no command loses its servers because another has finished.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reelmill.embedded import endpoints
from reelmill.embedded.failures import AlreadyRunning, ServerFailed
from reelmill.embedded.locks import lock, try_lock
from reelmill.embedded.owner import PROGRAMS, Embedded, Servers, urls
from reelmill.embedded.ownership import is_owned, owner_pid
from reelmill.errors import Misuse

_JOIN_LIMIT_S = 150.0
"""A little longer than another owner may take to start, or to stop."""
_POLL_S = 0.1

_log = logging.getLogger(__name__)


def running(data_dir: Path) -> Servers | None:
    """The servers of the live process that owns the folder, if all of them answer; else None."""
    if not is_owned(data_dir):
        return None
    found = endpoints.load(data_dir)
    return urls(found) if found.active and _answer(found) else None


@contextmanager
def servers(data_dir: Path, database_url: str | None, broker_url: str | None) -> Iterator[Servers]:
    """The servers to use: those given, else those that another process runs, else our own until the end.

    Nothing is started of a kind whose URL is given, and the folder is not touched when both are. Another
    owner that is still starting is waited for. Raises what `Embedded.start` raises but `AlreadyRunning`, and
    `Misuse` when the folder's owner runs no server of a kind that is needed.
    """
    if database_url is not None and broker_url is not None:
        yield Servers(database_url, broker_url)
        return
    owner = Embedded(data_dir, postgres=database_url is None, valkey=broker_url is None)
    with _owned_or_joined(owner, data_dir) as found:
        yield Servers(
            _needed(database_url or found.database_url, "REELMILL_DATABASE_URL", data_dir),
            _needed(broker_url or found.broker_url, "REELMILL_BROKER_URL", data_dir),
        )


@contextmanager
def _owned_or_joined(owner: Embedded, data_dir: Path) -> Iterator[Servers]:
    deadline = time.monotonic() + _JOIN_LIMIT_S
    while time.monotonic() < deadline:
        if (started := _start_unless_owned(owner, data_dir)) is not None:
            with _stopped_when_unused(owner, data_dir):
                yield started
            return
        with _as_user(data_dir) as joined:
            if joined is not None:
                yield joined
                return
        time.sleep(_POLL_S)
    raise ServerFailed(
        f"Process {owner_pid(data_dir)} owns {data_dir}, but its servers do not answer; end it and try again."
    )


def _start_unless_owned(owner: Embedded, data_dir: Path) -> Servers | None:
    if is_owned(data_dir):
        return None
    try:
        return owner.start()
    except AlreadyRunning:
        # Another process was quicker.
        return None


@contextmanager
def _as_user(data_dir: Path) -> Iterator[Servers | None]:
    """Use another's servers; None while they are not ready, or are being stopped."""
    held = try_lock(data_dir / "users.lock", shared=True)
    if held is None:
        yield None
        return
    try:
        # Asked only once the lock is held: from here on the owner waits for us.
        yield running(data_dir)
    finally:
        os.close(held)


@contextmanager
def _stopped_when_unused(owner: Embedded, data_dir: Path) -> Iterator[None]:
    try:
        yield
    finally:
        try:
            held = _wait_for_users(data_dir)
            owner.stop()
            os.close(held)
        finally:
            # A second Ctrl-C, while other users are waited for, ends the servers too.
            owner.stop()


def _wait_for_users(data_dir: Path) -> int:
    path = data_dir / "users.lock"
    held = try_lock(path)
    if held is None:
        _log.warning("Waiting for other commands that use the servers of %s (Ctrl-C stops them now).", data_dir)
        held = lock(path)
    return held


def _answer(found: endpoints.Endpoints) -> bool:
    try:
        return all(PROGRAMS[name].answers(found.known[name]) for name in found.active)
    except ServerFailed:
        # Something else listens there; the owner will find that out for itself.
        return False


def _needed(url: str, setting: str, data_dir: Path) -> str:
    if not url:
        raise Misuse(f"Process {owner_pid(data_dir)} owns {data_dir} but does not run this server: set {setting}.")
    return url
