"""How much one upload may cost: the numbers every step of the media engine keeps to."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 2**30


@dataclass(frozen=True)
class MediaLimits:
    """Bounds on one upload and on each child process that reads it; the defaults are those of the settings."""

    max_upload_bytes: int = 4 * GIB
    max_duration_s: float = 3600.0
    max_pixels: int = 8192 * 4320
    """Width x height as coded: what a decoder must hold, whatever is shown of it."""
    max_streams: int = 32
    child_memory_bytes: int = 4 * GIB
    """Address space of a child, so more than it will ever touch."""
    stage_limit_s: float = 900.0
    """Wall time of one child."""
    stall_limit_s: float = 60.0
    """Wall time a child may spend without a byte on its standard output."""
    cpu_limit_s: float = 3600.0
    """CPU time of one child: holds even where nobody is left to watch the clock."""
    max_output_bytes: int = GIB
    """Size of any file a child writes. An hour of proxy is under 100 MB."""


def setting_name(field: str) -> str:
    """The environment variable that sets a limit: `max_pixels` is `REELMILL_MAX_PIXELS`."""
    return f"REELMILL_{field.upper()}"
