"""What works on this machine, what does not, and how to mend it.

    machine     Python, the data folder, free space
    media       ffmpeg and PyAV
    weights     the offline models' packages and weights, the genre list
    database    PostgreSQL, pgvector, the schema          broker      Redis or Valkey
    mill        workers and the dispatcher                stuck       what stands still, and why
    servers     where these find what they look at

Nothing is changed, with one exception: embedded servers that have run in the data folder before, and do not run
now, are started for the length of the examination. That takes a second, and is the only way to know that they can.
"""

from collections.abc import Iterator

from reelmill.doctor import machine, media, servers, weights
from reelmill.doctor.check import Check
from reelmill.settings import Settings

__all__ = ["Check", "examine"]


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, in the order in which one would mend things."""
    yield from machine.checks(settings)
    yield from media.checks(settings)
    yield from weights.checks(settings)
    yield from servers.checks(settings)
