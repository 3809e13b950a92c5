"""Finds the database and the broker that would be used, and has them examined."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from reelmill import embedded
from reelmill.doctor import broker, database
from reelmill.doctor.check import Check
from reelmill.embedded import ServerFailed, ServerUnavailable, endpoints
from reelmill.embedded.wheels import postgres_binary, valkey_binary
from reelmill.errors import EVIDENCE_CHARS, Misuse
from reelmill.settings import Settings

ANSWER_LIMIT_S = 20
SEE_LOG = "Read the log named above; to start afresh, move the data folder away."


def checks(settings: Settings) -> Iterator[Check]:
    """The database with the mill's state in it, and the broker; embedded ones as well as those with a URL."""
    if settings.database_url is None:
        yield _program("embedded PostgreSQL", "postgres")
    if settings.broker_url is None:
        yield _program("embedded Valkey", "valkey-server")
    with ExitStack() as started:
        try:
            found = _find(settings, started)
        except (ServerFailed, ServerUnavailable, Misuse) as error:
            yield Check("embedded servers", False, _with_evidence(error), SEE_LOG)
            found = embedded.Servers(settings.database_url or "", settings.broker_url or "")
        if found.database_url:
            yield from database.checks(found.database_url)
        if found.broker_url:
            yield from broker.checks(found.broker_url)


def _find(settings: Settings, started: ExitStack) -> embedded.Servers:
    """The servers' URLs, those of embedded ones empty where none has ever run."""
    given = embedded.Servers(settings.database_url or "", settings.broker_url or "")
    if (given.database_url and given.broker_url) or not endpoints.load(settings.data_dir).known:
        return given
    return started.enter_context(embedded.servers(settings.data_dir, settings.database_url, settings.broker_url))


def _program(name: str, program: str) -> Check:
    """Whether the program of an embedded server is there and runs on this machine."""
    try:
        path = valkey_binary() if program == "valkey-server" else postgres_binary(program)
        version = _version(path)
    except ServerUnavailable as error:
        return Check(name, False, str(error), "Run `make setup`.")
    except (OSError, subprocess.SubprocessError) as error:
        return Check(name, False, f"{program} does not run here: {error}", "Set a server of your own; see README.md.")
    return Check(name, True, version)


def _version(path: Path) -> str:
    answer = subprocess.run(
        [str(path), "--version"], capture_output=True, text=True, timeout=ANSWER_LIMIT_S, check=True
    )
    return answer.stdout.strip()


def _with_evidence(error: ServerFailed | ServerUnavailable | Misuse) -> str:
    evidence = error.evidence[-EVIDENCE_CHARS // 8 :]
    return f"{error} {evidence}".strip()
