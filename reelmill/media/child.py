"""One limited child process: all libav work runs in such a one, and none outlives the call that started it."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self, cast

from reelmill.errors import EVIDENCE_CHARS, MediaLimit, Stalled
from reelmill.media import launcher
from reelmill.media.endings import Ending, error_of
from reelmill.media.limits import MediaLimits
from reelmill.ports import Beat

MAX_STDOUT_BYTES = 2**20
"""Standard output kept where the caller names no bound: ample for progress lines and JSON."""

CHUNK_BYTES = 2**16
"""One read: what a Linux pipe holds."""

ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
"""All that a child sees. Each malloc arena reserves 64 MB of address space, which is limited, and glibc would
make eight for every core."""


@dataclass(frozen=True)
class Finished:
    """What a child left that ended well."""

    stdout: bytes
    cpu_s: float
    """Its CPU time, user and system, as the kernel reports it to the parent that reaps it."""


def run(
    program: Sequence[str],
    *,
    limits: MediaLimits,
    beat: Beat,
    descriptors: Sequence[int] = (),
    unreadable: str = "The file cannot be decoded.",
    max_stdout_bytes: int = MAX_STDOUT_BYTES,
) -> Finished:
    """Run a program (its absolute path first) under the limits, and call `beat` whenever it writes to stdout.

    The child inherits `descriptors` under the same numbers, rewound, and nothing else that is open. Raises what
    `endings.error_of` makes of an ending that was not good, with `unreadable` as the sentence of
    `UnreadableMedia`; `Stalled` when it wrote nothing for `stall_limit_s` or overran `stage_limit_s`;
    `MediaLimit` when it wrote more than `max_stdout_bytes`. Whatever `beat` raises goes through. In each case
    the child and all its descendants are dead when this returns.
    """
    for descriptor in descriptors:  # A child shares the position with those that read before it.
        os.lseek(descriptor, 0, os.SEEK_SET)
    with _Child(program, limits, descriptors) as child:
        child.follow(beat, max_stdout_bytes)
    if error := error_of(child.ending(), limits, unreadable):
        raise error
    return Finished(bytes(child.stdout), child.cpu_s)


class _Child:
    """A process group of its own that is killed and reaped on leaving the context, however it is left."""

    def __init__(self, program: Sequence[str], limits: MediaLimits, descriptors: Sequence[int]) -> None:
        self.stdout = bytearray()
        self.cpu_s = 0.0
        self._log = b""
        self._clock = _Clock(limits)
        self._process = subprocess.Popen(
            _confined(program, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,
            env=ENVIRONMENT,
            bufsize=0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill before reaping: until then the group's number cannot have become another's."""
        os.killpg(self._process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = usage.ru_utime + usage.ru_stime
        for pipe in self._pipes():
            pipe.close()

    def ending(self) -> Ending:
        """How it ended, once the context was left."""
        return Ending(self._process.returncode, self.cpu_s, self._log_text())

    def follow(self, beat: Beat, max_stdout_bytes: int) -> None:
        """Read its output and watch the clock until it has ended; a byte on stdout is a sign of progress."""
        with selectors.DefaultSelector() as selector, _exit_of(self._process.pid) as exit_descriptor:
            selector.register(exit_descriptor, selectors.EVENT_READ)
            for pipe in self._pipes():
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            ended = False
            while not ended:
                ended = exit_descriptor in self._wait(selector)
                if self._read(selector):
                    self._clock.moved()
                    beat()
                if len(self.stdout) > max_stdout_bytes:
                    raise MediaLimit(f"The work would give more than {max_stdout_bytes} bytes.")

    def _wait(self, selector: selectors.BaseSelector) -> list[int]:
        """The descriptors that have news, empty when the time is up; raises `Stalled` on the round after."""
        if overrun := self._clock.overrun():
            raise Stalled(overrun, evidence=self._log_text())
        return [key.fd for key, _ in selector.select(self._clock.left_s())]

    def _read(self, selector: selectors.BaseSelector) -> bool:
        """Take what stands in both pipes, without waiting; whether there was anything on stdout.

        One read empties a pipe, so the round in which the child ended loses nothing.
        """
        out, log = (_available(pipe, selector) for pipe in self._pipes())
        self.stdout += out
        self._log = (self._log + log)[-EVIDENCE_CHARS:]
        return bool(out)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        return cast("IO[bytes]", self._process.stdout), cast("IO[bytes]", self._process.stderr)

    def _log_text(self) -> str:
        return self._log.decode(errors="replace")


class _Clock:
    """The two limits of time: from the start, and from the last sign of progress."""

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._started = self._moved = time.monotonic()

    def moved(self) -> None:
        self._moved = time.monotonic()

    def left_s(self) -> float:
        """Seconds until the nearer limit, never negative."""
        nearer = min(self._started + self._limits.stage_limit_s, self._moved + self._limits.stall_limit_s)
        return max(0.0, nearer - time.monotonic())

    def overrun(self) -> str | None:
        """What was overrun, as a sentence."""
        now = time.monotonic()
        if now >= self._started + self._limits.stage_limit_s:
            return f"The work took more than {self._limits.stage_limit_s:g} seconds."
        if now >= self._moved + self._limits.stall_limit_s:
            return f"The work made no progress for {self._limits.stall_limit_s:g} seconds."
        return None


@contextmanager
def _exit_of(pid: int) -> Iterator[int]:
    """A descriptor that becomes readable when the process ends, even if others still hold its pipes."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _available(pipe: IO[bytes], selector: selectors.BaseSelector) -> bytes:
    """What stands in a pipe now; one whose other end is closed is watched no longer."""
    chunk = pipe.read(CHUNK_BYTES)
    if chunk == b"" and pipe in selector.get_map():
        selector.unregister(pipe)
    return chunk or b""


def _confined(program: Sequence[str], limits: MediaLimits) -> list[str]:
    """The command that becomes the program once it has limited itself."""
    bounds = (os.getpid(), limits.child_memory_bytes, math.ceil(limits.cpu_limit_s), limits.max_output_bytes)
    return [sys.executable, "-I", "-S", launcher.__file__, *map(str, bounds), *program]
