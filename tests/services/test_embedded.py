"""The embedded servers, run for real: start, death, revival, sharing, and what they leave of the machine."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from reelmill.embedded import AlreadyRunning, Embedded, ServerFailed, Servers, ServerUnavailable, running, servers
from reelmill.errors import Misuse

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]
LIMIT_S = 60

OWNER = """
import json, signal, sys
from pathlib import Path
from reelmill.embedded import Embedded
# A shell starts what it runs in the background deaf to Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
embedded = Embedded(Path(sys.argv[1]))
found = embedded.start()
while True:
    try:
        print(json.dumps([found.database_url, found.broker_url, embedded.pids()]), flush=True)
        sys.stdin.readline()
        break
    except KeyboardInterrupt:
        continue
embedded.stop()
"""

DOOR = """
import json, sys
from pathlib import Path
from reelmill.embedded import servers
with servers(Path(sys.argv[1]), None, None) as found:
    print(json.dumps([found.database_url, found.broker_url]), flush=True)
    sys.stdin.readline()
"""


@dataclass(frozen=True)
class Started:
    embedded: Embedded
    data_dir: Path
    servers: Servers


def awkward(folder: Path) -> Path:
    """A folder whose path is too long for a Unix socket, and needs quoting everywhere."""
    return folder / ("long " * 20) / """'single' "double" \\ $HOME"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return awkward(tmp_path)


@pytest.fixture
def embedded(data_dir: Path) -> Iterator[Embedded]:
    embedded = Embedded(data_dir)
    yield embedded
    embedded.stop()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Servers for the tests that only look at them."""
    data_dir = awkward(tmp_path_factory.mktemp("started"))
    embedded = Embedded(data_dir)
    try:
        yield Started(embedded, data_dir, embedded.start())
    finally:
        embedded.stop()


@contextmanager
def program(script: str, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of its own in a process group of its own, as a shell would start it."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str]) -> list[Any]:
    assert process.stdout is not None
    message: list[Any] = json.loads(process.stdout.readline())
    return message


def finish(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def await_end(pid: int) -> bool:
    """Wait for a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], LIMIT_S)[0])
    finally:
        os.close(descriptor)


def leave_a_mark(found: Servers) -> None:
    with psycopg.connect(found.database_url) as connection:
        connection.execute("CREATE TABLE mark AS SELECT 42 AS answer")
    with Redis.from_url(found.broker_url) as client:
        client.set("mark", "42")


def has_the_mark(found: Servers) -> bool:
    with psycopg.connect(found.database_url) as connection, Redis.from_url(found.broker_url) as client:
        row = connection.execute("SELECT answer FROM mark").fetchone()
        return row == (42,) and client.get("mark") == b"42"


def files_naming(text: str, data_dir: Path) -> set[str]:
    """Names of the files that hold the text, the tables and their write-ahead log aside."""
    files = [*data_dir.glob("*"), *data_dir.glob("logs/*"), *data_dir.glob("*/*.*")]
    return {path.name for path in files if path.is_file() and text.encode() in path.read_bytes()}


def test_the_servers_are_what_the_ledger_and_the_broker_need(started: Started) -> None:
    with psycopg.connect(started.servers.database_url, autocommit=True) as connection:
        assert connection.info.server_version // 10_000 == 18
        connection.execute("CREATE EXTENSION vector")
        version = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
        assert version is not None
        assert tuple(map(int, version[0].split("."))) >= (0, 8)
        for setting, value in {
            "fsync": "on",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
        }.items():
            assert connection.execute(f"SHOW {setting}").fetchone() == (value,)
        assert connection.execute("SELECT upper('é')").fetchone() == ("É",)
    with Redis.from_url(started.servers.broker_url) as client:
        for setting, value in {
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "bind": "127.0.0.1",
        }.items():
            assert client.config_get(setting) == {setting: value}


def test_both_servers_want_their_password_and_show_it_nowhere(started: Started) -> None:
    for url in (started.servers.database_url, started.servers.broker_url):
        password = urlsplit(url).password
        assert password is not None
        assert len(password) >= 20
        if url.startswith("redis:"):
            wrong = Redis.from_url(url.replace(password, "wrong"), retry=Retry(NoBackoff(), 0))
            with wrong, pytest.raises(AuthenticationError):
                wrong.ping()
        else:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(url.replace(password, "wrong"))
        for pid in started.embedded.pids().values():
            assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert files_naming(password, started.data_dir) <= {"servers.json", "valkey.conf"}


def test_nothing_in_the_folder_is_open_to_others(started: Started) -> None:
    data_dir = started.data_dir
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()} <= {0o600, 0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (data_dir / "logs").iterdir()} == {0o600}


def test_the_machine_is_left_as_it_was(embedded: Embedded, data_dir: Path) -> None:
    data_dir.mkdir(parents=True)

    def machine() -> list[object]:
        parents = [(str(path), path.stat().st_mode, path.stat().st_uid) for path in data_dir.parents]
        return [*parents, Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()]

    before = machine()
    embedded.start()
    embedded.stop()
    assert machine() == before


def test_stop_leaves_no_process_and_may_be_called_again(embedded: Embedded) -> None:
    embedded.start()
    pids = embedded.pids()
    assert set(pids) == {"postgres", "valkey"}
    embedded.stop()
    embedded.stop()
    assert embedded.pids() == {}
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


def test_a_restart_keeps_urls_and_data(embedded: Embedded) -> None:
    first = embedded.start()
    leave_a_mark(first)
    embedded.stop()
    assert embedded.start() == first
    assert has_the_mark(first)


def test_a_port_that_was_taken_meanwhile_is_replaced(embedded: Embedded) -> None:
    first = embedded.start()
    embedded.stop()
    with socket.create_server(("127.0.0.1", urlsplit(first.broker_url).port)):
        second = embedded.start()
    assert second.database_url == first.database_url
    assert urlsplit(second.broker_url).port != urlsplit(first.broker_url).port
    with Redis.from_url(second.broker_url) as client:
        assert client.ping()


def test_the_servers_die_with_an_owner_that_is_killed(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        *_, pids = heard(owner)
        owner.kill()
        assert all(await_end(pid) for pid in pids.values())


def test_a_start_right_after_a_kill_finds_all_data(data_dir: Path, embedded: Embedded) -> None:
    with program(OWNER, data_dir) as owner:
        database_url, broker_url, pids = heard(owner)
        killed = Servers(database_url, broker_url)
        leave_a_mark(killed)
        owner.kill()
        owner.wait(LIMIT_S)
        assert embedded.start() == killed
    assert has_the_mark(killed)
    assert set(embedded.pids().values()).isdisjoint(pids.values())


def test_a_stale_process_id_neither_stops_the_start_nor_harms_its_new_bearer(
    embedded: Embedded, data_dir: Path
) -> None:
    embedded.start()
    embedded.stop()
    with subprocess.Popen(["sleep", "600"]) as bystander:
        (data_dir / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n{data_dir / 'postgres'}\n")
        try:
            embedded.start()
            assert bystander.poll() is None
        finally:
            bystander.kill()


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_is_revived_with_its_port_and_data(embedded: Embedded, name: str) -> None:
    found = embedded.start()
    leave_a_mark(found)
    before = embedded.pids()
    assert embedded.revive() == []
    os.kill(before[name], signal.SIGKILL)
    assert await_end(before[name])
    assert embedded.revive() == [name]
    assert has_the_mark(found)
    after = embedded.pids()
    assert [key for key in before if before[key] != after[key]] == [name]


def test_a_session_too_busy_to_see_its_postgres_die_does_not_keep_it_from_coming_back(embedded: Embedded) -> None:
    found = embedded.start()
    postgres = embedded.pids()["postgres"]
    with closing(psycopg.connect(found.database_url)) as busy:
        busy.pgconn.send_query(b"DO $$ BEGIN RAISE NOTICE 'busy from now on'; LOOP END LOOP; END $$")
        assert select.select([busy.pgconn.socket], [], [], LIMIT_S)[0]
        os.kill(postgres, signal.SIGKILL)
        assert await_end(postgres)
        assert embedded.revive() == ["postgres"]
    with psycopg.connect(found.database_url) as connection:
        assert connection.execute("SELECT 42").fetchone() == (42,)


def test_a_second_owner_is_refused(started: Started) -> None:
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        Embedded(started.data_dir).start()
    assert running(started.data_dir) == started.servers


def test_running_finds_the_servers_of_a_live_owner_only(embedded: Embedded, data_dir: Path) -> None:
    assert running(data_dir) is None
    assert not data_dir.exists()
    found = embedded.start()
    assert running(data_dir) == found
    valkey = embedded.pids()["valkey"]
    os.kill(valkey, signal.SIGKILL)
    assert await_end(valkey)
    assert running(data_dir) is None
    embedded.stop()
    assert running(data_dir) is None


def test_ctrl_c_does_not_reach_the_servers(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        database_url, broker_url, pids = before = heard(owner)
        os.killpg(owner.pid, signal.SIGINT)
        assert heard(owner) == before
        leave_a_mark(Servers(database_url, broker_url))
        finish(owner)
        assert owner.wait(LIMIT_S) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


def test_of_two_doors_one_starts_the_servers_and_stops_them_after_the_other(data_dir: Path) -> None:
    with program(DOOR, data_dir) as one, program(DOOR, data_dir) as two:
        found = heard(one)
        assert heard(two) == found
        owner_pid = int((data_dir / "owner.lock").read_text())
        owner, user = (one, two) if one.pid == owner_pid else (two, one)
        finish(owner)
        assert owner.stderr is not None
        assert "Waiting for other commands" in owner.stderr.readline()
        leave_a_mark(Servers(*found))
        finish(user)
        assert [user.wait(LIMIT_S), owner.wait(LIMIT_S)] == [0, 0]
    assert running(data_dir) is None


def test_a_door_uses_the_servers_of_a_running_owner_and_leaves_them(started: Started) -> None:
    data_dir, found = started.data_dir, started.servers
    with servers(data_dir, None, None) as joined:
        assert joined == found
    with servers(data_dir, "postgresql://elsewhere/db", None) as joined:
        assert joined == Servers("postgresql://elsewhere/db", found.broker_url)
    assert running(data_dir) == found


def test_a_door_starts_nothing_of_a_kind_whose_url_is_given(data_dir: Path) -> None:
    with servers(data_dir, "postgresql://elsewhere/db", "redis://elsewhere/0") as found:
        assert found == Servers("postgresql://elsewhere/db", "redis://elsewhere/0")
    assert not data_dir.exists()
    with servers(data_dir, "postgresql://elsewhere/db", None) as found:
        assert found.database_url == "postgresql://elsewhere/db"
        with Redis.from_url(found.broker_url) as client:
            assert client.ping()
    assert not (data_dir / "postgres").exists()


def test_a_door_says_which_url_is_missing_when_the_owner_runs_no_such_server(data_dir: Path) -> None:
    owner = Embedded(data_dir, postgres=False)
    try:
        assert owner.start().database_url == ""
        with pytest.raises(Misuse, match="REELMILL_DATABASE_URL"), servers(data_dir, None, None):
            pass
    finally:
        owner.stop()


def test_a_server_that_does_not_come_up_says_why_and_leaves_nothing_running(embedded: Embedded, data_dir: Path) -> None:
    embedded.start()
    embedded.stop()
    with (data_dir / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = on\n")
    with pytest.raises(ServerFailed, match="ended with status 1") as failure:
        embedded.start()
    assert "no_such_setting" in failure.value.evidence
    assert "shut down" not in failure.value.evidence, "the log of an earlier start is no evidence"
    assert embedded.pids() == {}
    assert running(data_dir) is None


def test_a_lost_password_is_noticed_at_once_and_said(embedded: Embedded, data_dir: Path) -> None:
    embedded.start()
    embedded.stop()
    (data_dir / "servers.json").unlink()
    with pytest.raises(ServerFailed, match=r"refuses us; .*servers\.json") as failure:
        embedded.start()
    assert "password authentication failed" in failure.value.evidence


def test_a_thread_that_may_end_before_the_process_cannot_start_servers(embedded: Embedded) -> None:
    raised: list[BaseException] = []

    def start() -> None:
        try:
            embedded.start()
        except Misuse as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(LIMIT_S)
    assert "main thread" in str(raised[0])


def without_unshare(folder: Path, *others: str) -> str:
    """A PATH on which `unshare` fails as it does where root may make no user namespace."""
    folder.mkdir()
    for tool in ("unshare", *others):
        (folder / tool).write_text("#!/bin/sh\necho Operation not permitted >&2\nexit 1\n")
        (folder / tool).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
class TestAsRoot:
    def test_no_server_runs_as_root_in_its_own_eyes(self, started: Started) -> None:
        for pid in started.embedded.pids().values():
            assert Path(f"/proc/{pid}/uid_map").read_text().split()[0] != "0"

    def test_without_user_namespaces_the_servers_run_as_another_user(
        self, embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", without_unshare(tmp_path / "bin"))
        tmp_path.chmod(0o700)
        leave_a_mark(embedded.start())
        for pid in embedded.pids().values():
            assert Path(f"/proc/{pid}").stat().st_uid != 0

    def test_a_machine_that_lets_root_do_neither_is_told_how_to_go_on(
        self, embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", without_unshare(tmp_path / "bin", "setpriv"))
        with pytest.raises(ServerUnavailable, match="ordinary user, or set REELMILL_DATABASE_URL") as refusal:
            embedded.start()
        assert "Operation not permitted" in refusal.value.evidence
