"""How a limited child ended, as the error that says what to do next."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from reelmill.errors import (
    DiskFull,
    MediaLimit,
    OutOfMemory,
    StageError,
    Stalled,
    Unexpected,
    UnreadableMedia,
)
from reelmill.media.launcher import CANNOT_START
from reelmill.media.limits import MediaLimits

CPU_SLACK_S = 0.1
"""The kernel that enforces the limit counts in ticks and may be a few ahead of what it reports."""


@dataclass(frozen=True)
class Ending:
    """What is known of a child after it ended by itself, or by a limit of the kernel's."""

    exit_code: int
    """Exit status, or the negated number of the signal that killed it."""
    cpu_s: float
    log: str
    """The tail of its standard error."""


def error_of(ending: Ending, limits: MediaLimits, unreadable: str) -> StageError | None:
    """The error to raise for a child's ending, or None when it ended well.

    `unreadable` is the sentence for the case that is left when nothing outside the file is to blame.
    """
    if ending.exit_code == 0:
        return None
    kind, sentence = _cause(ending, limits) or (UnreadableMedia, _with_signal(ending, unreadable))
    return kind(sentence, evidence=ending.log)


def _cause(ending: Ending, limits: MediaLimits) -> tuple[type[StageError], str] | None:
    """Whichever limit or lack ended the child. CPU time comes first: ffmpeg makes of SIGXCPU a plain exit."""
    code, log = ending.exit_code, ending.log
    if code == -signal.SIGXCPU or ending.cpu_s >= limits.cpu_limit_s - CPU_SLACK_S:
        return Stalled, f"The work took more than {limits.cpu_limit_s:g} seconds of CPU time."
    if code == CANNOT_START:
        return Unexpected, "The media program could not be started."
    if code == -signal.SIGXFSZ or "File too large" in log:
        return MediaLimit, f"The work would write a file of more than {limits.max_output_bytes} bytes."
    if "No space left on device" in log:
        return DiskFull, "No space is left where the proxy is written."
    # Nobody but the kernel's out-of-memory killer sends SIGKILL: our own kills never come to this point.
    if code == -signal.SIGKILL or "Cannot allocate memory" in log or "MemoryError" in log:
        return OutOfMemory, f"The file needs more than the {limits.child_memory_bytes} bytes of memory allowed."
    return None


def _with_signal(ending: Ending, sentence: str) -> str:
    """Say so when the decoder crashed: the sentence alone would sound like its own verdict."""
    if ending.exit_code > 0:
        return sentence
    return f"{sentence} The decoder crashed on it ({signal.Signals(-ending.exit_code).name})."
