"""The limited child: each limit stops a program that ignores it, and nothing is left behind."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
from pathlib import Path

import pytest

from reelmill.errors import (
    DiskFull,
    MediaLimit,
    OutOfMemory,
    Stalled,
    Unexpected,
    UnreadableMedia,
)
from reelmill.media import child
from reelmill.media.endings import Ending, error_of
from reelmill.media.limits import MediaLimits

MIB = 2**20
ENDED_WITHIN_S = 20
"""How long a test waits for an event that must come."""


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", textwrap.dedent(code)]


def run(program: list[str], beat=lambda: None, **how) -> child.Finished:
    limits = how.pop("limits", MediaLimits())
    return child.run(program, limits=limits, beat=beat, **how)


def has_ended(pid: int) -> bool:
    """Wait for a process that is not ours to reap."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], ENDED_WITHIN_S)[0])
    finally:
        os.close(descriptor)


def test_a_good_ending_gives_all_of_stdout() -> None:
    assert run(python("import sys; sys.stdout.write('x' * 200_000)")).stdout == b"x" * 200_000


def test_output_on_stdout_beats() -> None:
    beats: list[None] = []
    run(python("print(1, flush=True)"), beat=lambda: beats.append(None))
    assert beats


def test_cpu_time_is_that_of_the_child() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    finished = run(python("import time\nwhile time.process_time() < 0.3: pass"))
    assert finished.cpu_s >= 0.3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < finished.cpu_s


def test_a_child_that_says_nothing_is_stopped_as_stalled() -> None:
    with pytest.raises(Stalled, match=r"no progress for 0\.3 seconds") as caught:
        run(
            python("import sys, time; sys.stderr.write('waiting'); sys.stderr.flush(); time.sleep(600)"),
            limits=MediaLimits(stall_limit_s=0.3),
        )
    assert caught.value.evidence == "waiting"


def test_a_child_that_keeps_moving_may_take_longer_than_the_stall_limit() -> None:
    slow = python("import time\nfor n in range(30): print(n, flush=True); time.sleep(0.05)")
    assert run(slow, limits=MediaLimits(stall_limit_s=1)).stdout.endswith(b"29\n")


def test_chatter_on_stderr_is_no_progress() -> None:
    with pytest.raises(Stalled, match="no progress"):
        run(
            python("import sys\nwhile True: sys.stderr.write('still here\\n')"),
            limits=MediaLimits(stall_limit_s=0.3),
        )


def test_a_child_that_never_ends_is_stopped_at_the_wall_limit() -> None:
    with pytest.raises(Stalled, match=r"more than 0\.5 seconds"):
        run(
            python("import time\nwhile True: print(1, flush=True); time.sleep(0.01)"),
            limits=MediaLimits(stage_limit_s=0.5),
        )


def test_a_child_that_closes_its_output_and_stays_is_stopped_after_an_idle_wait() -> None:
    before = time.thread_time()
    with pytest.raises(Stalled):
        run(
            python("import os, time; os.close(1); os.close(2); time.sleep(600)"),
            limits=MediaLimits(stall_limit_s=1),
        )
    assert time.thread_time() - before < 0.1


def test_a_child_that_burns_its_cpu_time_is_stopped() -> None:
    with pytest.raises(Stalled, match="more than 1 seconds of CPU time"):
        run(python("while True: pass"), limits=MediaLimits(cpu_limit_s=1))


def test_a_child_that_eats_memory_is_out_of_memory() -> None:
    with pytest.raises(OutOfMemory):
        run(python("x = bytearray(10**9)"), limits=MediaLimits(child_memory_bytes=200 * MIB))


def test_a_child_that_floods_stdout_is_stopped() -> None:
    with pytest.raises(MediaLimit, match="more than 100000 bytes"):
        run(python("while True: print('x' * 1000)"), max_stdout_bytes=100_000)


def test_a_child_that_fills_the_disk_is_stopped(tmp_path: Path) -> None:
    target = tmp_path / "flood"
    with pytest.raises(MediaLimit, match="file of more than"):
        run(
            python(f"f = open({str(target)!r}, 'wb')\nwhile True: f.write(bytes(10**5))"),
            limits=MediaLimits(max_output_bytes=MIB),
        )
    assert target.stat().st_size <= MIB


def test_a_full_disk_is_told_apart_from_a_bad_file() -> None:
    with pytest.raises(DiskFull):
        run(python("open('/dev/full', 'w').write('x' * 10**6)"))


def test_stderr_is_kept_only_as_its_end() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableMedia) as caught:
            run(python("import sys; sys.stderr.write('x' * 10**7 + 'the end'); sys.exit(1)"))
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.evidence.endswith("the end")
    assert len(caught.value.evidence) <= 4000
    assert most_bytes < 10**6


def test_a_crash_is_named_in_the_callers_sentence() -> None:
    with pytest.raises(UnreadableMedia, match=r"It is broken\. The decoder crashed on it \(SIGSEGV\)\."):
        run(python("import os; os.kill(os.getpid(), 11)"), unreadable="It is broken.")


def test_a_program_that_cannot_start_is_not_the_files_fault() -> None:
    with pytest.raises(Unexpected, match="could not be started") as caught:
        run(["/nonexistent/ffmpeg"])
    assert "No such file" in caught.value.evidence


def test_what_beat_raises_goes_through_and_the_child_is_dead() -> None:
    def children() -> set[int]:
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))

    class LeaseGone(Exception):
        pass

    # Other tests' servers may be children of this process too.
    others, seen = children(), set[int]()

    def beat() -> None:
        seen.update(children() - others)
        raise LeaseGone

    with pytest.raises(LeaseGone):
        run(python("import time; print(1, flush=True); time.sleep(600)"), beat=beat)
    assert seen
    assert all(not Path(f"/proc/{pid}").exists() for pid in seen)


def test_descendants_die_with_the_child(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    run(
        python(f"""
            import os, time
            pid = os.fork()
            if pid == 0:
                time.sleep(600)
            open({str(pid_file)!r}, "w").write(str(pid))
        """)
    )
    assert has_ended(int(pid_file.read_text()))


def test_a_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent("""
            import os, sys
            from reelmill.media import child
            from reelmill.media.limits import MediaLimits
            code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
            def show():
                pids = open(f"/proc/self/task/{os.getpid()}/children").read()
                print(pids, flush=True)
            child.run([sys.executable, "-c", code], limits=MediaLimits(), beat=show)
        """)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert has_ended(pid)


def test_a_child_inherits_only_the_named_descriptors_and_a_bare_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELMILL_SECRET", "key")
    (tmp_path / "file").touch()
    named, other = (os.open(tmp_path / "file", os.O_RDONLY) for _ in range(2))
    os.set_inheritable(other, True)
    try:
        finished = run(
            python("""
                import os
                numbers = [n for n in map(int, os.listdir("/proc/self/fd"))]
                alive = []
                for number in numbers:
                    try:
                        os.fstat(number)
                        alive.append(number)
                    except OSError:
                        pass
                print(sorted(alive), sorted(os.environ))
            """),
            descriptors=[named],
        )
    finally:
        os.close(named)
        os.close(other)
    assert finished.stdout.decode().strip() == f"[0, 1, 2, {named}] ['LC_ALL', 'MALLOC_ARENA_MAX']"


def test_a_child_dumps_no_core_and_opens_few_files() -> None:
    code = "import resource as r; print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NOFILE))"
    assert run(python(code)).stdout.decode().strip() == "(0, 0) (64, 64)"


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending(1, 0.1, "av_interleaved_write_frame(): No space left on device"), DiskFull),
        (Ending(1, 0.1, "Error while opening encoder: Cannot allocate memory"), OutOfMemory),
        (Ending(-signal.SIGKILL, 0.1, ""), OutOfMemory),
        (Ending(-signal.SIGXFSZ, 0.1, ""), MediaLimit),
        (Ending(255, 10.0, "Exiting normally, received signal 24."), Stalled),
        (Ending(183, 0.1, "Invalid data found when processing input"), UnreadableMedia),
    ],
)
def test_an_ending_says_what_to_do_next(ending: Ending, kind: type[Exception]) -> None:
    error = error_of(ending, MediaLimits(cpu_limit_s=10), "It cannot be read.")
    assert type(error) is kind


def test_a_good_ending_is_no_error_whatever_was_said() -> None:
    assert error_of(Ending(0, 0.1, "Cannot allocate memory"), MediaLimits(), "") is None
