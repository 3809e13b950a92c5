"""The health probe, at last with a real worker that lives and consumes nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from celery import Celery

from config.celery import celery_config
from config.queues import CPU, QUEUE_OF, Queue
from reelmill.embedded import Servers
from reelmill.ledger import Ledger, consumers
from reelmill.ledger.rings import Rings
from reelmill.settings import Settings
from reelmill.video import State
from workers.children import worker
from workers.dispatcher import Dispatcher
from workers.probe import fault, verdict
from workers.supervisor import ROOT

PATIENCE_S = 60.0
QUEUES = tuple(Queue(queue, stage, "prefork", 1) for stage, queue in QUEUE_OF.items())


@pytest.fixture
def here(servers: Servers, database_url: str) -> Servers:
    """The test's own database, and the broker."""
    return Servers(database_url, servers.broker_url)


def await_(met: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < give_up_at, f"not met in {PATIENCE_S} s"
        time.sleep(0.1)


def test_a_database_that_is_away_is_no_fault_of_the_worker(capsys: pytest.CaptureFixture[str]) -> None:
    servers = Servers("postgresql://user:secret@127.0.0.1:1/none", "redis://127.0.0.1:1")
    assert fault(servers, CPU, host="here") == ""
    said = capsys.readouterr().err
    assert "the database is away" in said
    assert "secret" not in said


def test_embedded_servers_that_do_not_run_are_no_fault_of_the_worker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(Settings(data_dir=tmp_path), CPU, host="here") == ""
    assert "no embedded ones run" in capsys.readouterr().err


@pytest.mark.services
@pytest.mark.parametrize("broker", ["refuses", "never answers"])
def test_a_broker_that_is_away_is_no_fault_of_the_worker(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, broker: str
) -> None:
    monkeypatch.setattr("workers.probe.ANSWER_LIMIT_S", 2)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if broker == "never answers":
            server.listen()
        servers = Servers(database_url, f"redis://:secret@127.0.0.1:{server.getsockname()[1]}")
        assert fault(servers, CPU, host="here") == ""
    said = capsys.readouterr().err
    assert "the broker is away" in said
    assert "secret" not in said


@pytest.mark.services
def test_only_a_worker_of_this_queue_on_this_host_is_a_sign_of_life(here: Servers, ledger: Ledger) -> None:
    ledger.processes.beat("cpu@elsewhere:7", "worker", [CPU])
    ledger.processes.beat("index@here:8", "worker", ["index"])
    assert fault(here, CPU, host="here") == "No worker of queue cpu on here has given a sign of life."
    ledger.processes.beat("cpu@here:9", "worker", [CPU])
    assert fault(here, CPU, host="here") == ""


@pytest.mark.services
def test_the_command_exits_by_what_the_probe_finds(here: Servers, ledger: Ledger) -> None:
    command = [sys.executable, "-m", "workers", "alive", CPU]
    environment = {**os.environ, "REELMILL_DATABASE_URL": here.database_url, "REELMILL_BROKER_URL": here.broker_url}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("No worker of queue cpu on ")
    ledger.processes.beat(f"cpu@{socket.gethostname()}:7", "worker", [CPU])
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


@pytest.fixture
def app(servers: Servers) -> Iterator[Celery]:
    app = Celery("probe", set_as_current=False)
    app.config_from_object(celery_config(servers.broker_url, stage_limit_s=60))
    yield app
    app.control.purge()
    app.close()


@pytest.fixture
def dispatch(app: Celery, ledger: Ledger, database_url: str) -> Iterator[Callable[[], int]]:
    """One round of a dispatcher."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rings = Rings(connection, ring_wait_s=0.5)
        rings.lead()
        dispatcher = Dispatcher(app, ledger, QUEUES, Settings(min_free_bytes=0), database_url)
        for queue in set(QUEUE_OF.values()) - {CPU}:
            ledger.lanes.pause(queue, 600, "nobody works on it here")
        yield lambda: dispatcher.tick(rings)


@pytest.fixture
def celery_worker(servers: Servers, database_url: str, tmp_path: Path) -> Iterator[None]:
    child = worker(QUEUES[0])
    environment = {
        **os.environ,
        **child.environment,
        "PYTHONPATH": str(ROOT),
        "REELMILL_DATABASE_URL": database_url,
        "REELMILL_BROKER_URL": servers.broker_url,
        "REELMILL_DATA_DIR": str(tmp_path),
        "REELMILL_TOOLBOX": "tests.services.instant:toolbox",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            child.command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        yield
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.services
@pytest.mark.usefixtures("celery_worker")
def test_a_worker_that_lives_and_stops_consuming_is_found_and_is_well_once_it_goes_on(
    app: Celery,
    dispatch: Callable[[], int],
    ledger: Ledger,
    here: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "SILENT_S", 3.0)

    def found() -> str:
        dispatch()  # Messages are taken for lost and sent anew meanwhile, as they would be.
        return fault(here, CPU, host=socket.gethostname())

    await_(lambda: found() == "")
    assert app.control.cancel_consumer(CPU, reply=True, timeout=10, limit=1)
    clip = tmp_path / "clip.mp4"
    clip.write_text("a clip")
    video_id = ledger.videos.enqueue(str(clip)).id
    await_(lambda: "lives, but has taken nothing" in found())
    assert app.control.add_consumer(CPU, reply=True, timeout=10, limit=1)
    await_(lambda: found() == "")
    await_(lambda: (video := ledger.videos.get(video_id)) is not None and video.state is State.TRANSCODED)
