"""The four stages: one module each with one public `run`, and `perform`, which runs one under a lease.

A stage reads what earlier stages made, does its work with the toolbox's ports, and returns a `StageResult`;
it writes nothing to the ledger itself. It calls `beat` whenever its work has moved on, and ends without
success by raising one of `reelmill.errors`.
"""
