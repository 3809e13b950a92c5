"""What can go wrong, named for what to do next.

Every error a person can see carries one sentence (`str(error)`) and, where there is any, the tail of the
evidence (`error.evidence`, for instance the last lines ffmpeg wrote). The ledger keeps the class's name, so
`reelmill retry --class Stalled` finds all of a kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

EVIDENCE_CHARS = 4000
"""How much evidence is kept: the end of a log tells why, and a ledger row stays small."""


class ReelmillError(Exception):
    """Base of everything Reelmill raises on purpose."""

    def __init__(self, message: str = "", *, evidence: str = "") -> None:
        super().__init__(_clean(message or (self.__doc__ or "").strip().splitlines()[0]))
        self.evidence = _clean(evidence[-EVIDENCE_CHARS:])


def _clean(text: str) -> str:
    """Text that any database takes: no NUL and no half of a surrogate pair, which a hostile file may quote."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


class Misuse(ReelmillError):
    """The caller asked for something that cannot be; nothing was done."""


class StageError(ReelmillError):
    """A stage ended without success; the subclass says what happens next."""

    max_attempts: ClassVar[int] = 1
    """Claims after which the video ends `failed`, the first one included."""
    backoff_s: ClassVar[float] = 5.0
    """Mean wait before the second attempt; it doubles with each further one, up to ten minutes."""


class Retryable(StageError):
    """Try again later, with backoff; each try is counted."""

    max_attempts = 5


class Busy(StageError):
    """Wait and come back; not counted as an attempt."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(StageError):
    """Never again: the input or the answer is final."""


class DeviceFault(StageError):
    """Not on this device; another one, or the CPU, may do it."""

    max_attempts = 3


class Blocked(StageError):
    """The model refused to describe this video; it ends `blocked`."""


class Duplicate(StageError):
    """These bytes are those of another video of the tenant; it ends `duplicate`."""

    def __init__(self, original: UUID) -> None:
        super().__init__(f"These are the same bytes as video {original}.")
        self.original = original


class UnreadableMedia(Rejected):
    """The file is not a video that can be read."""


class NoVideo(Rejected):
    """The file holds no moving pictures."""


class MediaLimit(Rejected):
    """The file is over a limit set for uploads (size, duration, pixels or streams)."""


class SourceMissing(Rejected):
    """The source is not there, or is not a file that may be read."""


class Stalled(Retryable):
    """The work made no progress for too long, or overran its time, and was stopped."""

    max_attempts = 3


class OutOfMemory(Retryable):
    """The work needed more memory than it is allowed."""

    max_attempts = 3


class DiskFull(Retryable):
    """No space is left where the work writes."""

    max_attempts = 10
    backoff_s = 30.0


class WorkerLost(Retryable):
    """The worker that held this stage died or stopped answering."""

    max_attempts = 3
    backoff_s = 1.0


class Unexpected(Retryable):
    """Something that Reelmill does not know went wrong; the evidence is the traceback."""

    max_attempts = 3


class ModelMissing(Retryable):
    """A model's weights are not in the model folder; `make setup` fetches them."""


class LeaseLost(ReelmillError):
    """Another worker holds this stage now; what this one did is discarded."""


def stage_errors(of: type[StageError] = StageError) -> Iterator[type[StageError]]:
    """The classes that a stage can end with, as far as they are defined here; a plugged-in part may have more."""
    for kind in of.__subclasses__():
        if kind.__module__ == __name__:
            yield kind
            yield from stage_errors(kind)
