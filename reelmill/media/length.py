"""Whether a file holds as many seconds as it promises: a cut upload must not pass for a short one."""

from __future__ import annotations

from reelmill.errors import UnreadableMedia
from reelmill.media.probe import Picture, Probed

TOLERATED_SHARE = 0.1
"""Of a promised length: players' and recorders' clocks differ, and the last seconds rarely change what it is."""
TOLERATED_S = 1.0
"""A proxy has one picture a second, so no finer count can be had from it."""
TOLERATED_SHARE_OF_SHORT = 0.25
"""For clips so short that a second would be much of them."""


def check_index(source: Picture) -> None:
    """Raise `UnreadableMedia` when the index names pictures beyond the file's end, before any is decoded."""
    if source.cut_at_s is not None:
        check_length(max(0.0, source.cut_at_s - source.start_s), source.duration_s)


def check_proxy(proxy: Probed, source: Picture, promised_s: float) -> None:
    """Raise `UnreadableMedia` when the proxy is shorter than the source promised.

    Where only the whole file's length is known, either picture or sound may be what lasts so long.
    """
    read_s = float(proxy.picture.frames)
    if not source.duration_is_own and proxy.sound:
        read_s = max(read_s, proxy.sound.duration_s)
    check_length(read_s, promised_s)


def check_length(read_s: float, promised_s: float) -> None:
    """Raise `UnreadableMedia` when more is missing than is tolerated."""
    tolerated_s = max(promised_s * TOLERATED_SHARE, min(TOLERATED_S, promised_s * TOLERATED_SHARE_OF_SHORT))
    if promised_s - read_s > tolerated_s:
        raise UnreadableMedia(f"The file ends early: {read_s:.1f} of {promised_s:.1f} seconds could be read.")
