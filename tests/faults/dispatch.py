"""`python -m workers dispatch`, obeying orders."""

from __future__ import annotations

from tests.faults import armed
from workers.__main__ import dispatch

if __name__ == "__main__":
    armed.arm()
    dispatch()
