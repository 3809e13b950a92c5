"""What can go wrong with the embedded servers."""

from __future__ import annotations

from reelmill.errors import Misuse, ReelmillError


class AlreadyRunning(Misuse):
    """Another process owns the embedded servers of this data folder."""


class ServerUnavailable(ReelmillError):
    """An embedded server cannot be run on this machine as it is; the message names the fix."""


class ServerFailed(ReelmillError):
    """An embedded server did not start, or did not answer; the evidence is the end of its log."""
