"""Transcodes wait while the disk is nearly full, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelmill.ledger import Ledger
from workers import admission
from workers.admission import LOOK_S, DiskAdmission

pytestmark = pytest.mark.services

MORE_THAN_ANY_DISK = 2**62


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [1000.0]
    monkeypatch.setattr(admission.time, "monotonic", lambda: now_s[0])
    return now_s


def subject(ledger: Ledger, folder: Path, *, min_free_bytes: int) -> DiskAdmission:
    return DiskAdmission(ledger.lanes, ["cpu", "gpu.0a1b2c3d"], folder, min_free_bytes=min_free_bytes)


def test_too_little_room_pauses_the_lanes_that_write_and_says_how_little(ledger: Ledger, tmp_path: Path) -> None:
    # A folder that is made at the first start is on the disk of the one above it.
    subject(ledger, tmp_path / "data", min_free_bytes=MORE_THAN_ANY_DISK).look()
    pauses = ledger.lanes.paused()
    assert list(pauses) == ["cpu", "gpu.0a1b2c3d"]
    assert f"REELMILL_MIN_FREE_BYTES wants {MORE_THAN_ANY_DISK}" in pauses["cpu"].reason
    assert int(pauses["cpu"].reason.split()[0]) > 0


@pytest.mark.parametrize("min_free_bytes", [0, 1])
def test_enough_room_or_no_limit_pauses_nothing(ledger: Ledger, tmp_path: Path, min_free_bytes: int) -> None:
    subject(ledger, tmp_path, min_free_bytes=min_free_bytes).look()
    assert ledger.lanes.paused() == {}


def test_the_disk_is_looked_at_again_after_some_seconds_and_not_at_each_poll(
    ledger: Ledger, tmp_path: Path, clock: list[float]
) -> None:
    disk = subject(ledger, tmp_path, min_free_bytes=MORE_THAN_ANY_DISK)
    disk.look()
    ledger.lanes.resume("cpu")
    clock[0] += LOOK_S / 2
    disk.look()
    assert "cpu" not in ledger.lanes.paused()
    clock[0] += LOOK_S
    disk.look()
    assert "cpu" in ledger.lanes.paused()


def test_a_disk_that_cannot_be_looked_at_pauses_nothing(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> int:
        raise OSError("Input/output error")

    monkeypatch.setattr(admission, "free_bytes", broken)
    subject(ledger, tmp_path, min_free_bytes=MORE_THAN_ANY_DISK).look()
    assert ledger.lanes.paused() == {}
