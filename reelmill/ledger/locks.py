"""The advisory locks of the ledger, in one place so that no two share a key. Their upper half spells "reel"."""

MIGRATE = 0x7265656C_00000001
"""One process migrates at a time."""
LEAD = 0x7265656C_00000002
"""Held by the leading dispatcher for as long as its connection lives."""
SPACES = 0x7265656C_00000003
"""One process makes or switches a vector space at a time."""
