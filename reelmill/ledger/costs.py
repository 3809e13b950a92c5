"""What paid calls cost: written before the call, settled with the bill after it."""

from __future__ import annotations

from dataclasses import dataclass

from reelmill.errors import LeaseLost
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool


@dataclass(frozen=True)
class Spend:
    """Tokens and money of one call, estimated or billed."""

    input_tokens: int
    output_tokens: int
    usd_micros: int
    """Millionths of a dollar."""


class Costs:
    """The cost entries of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def reserve(self, lease: Lease, model: str, estimate: Spend) -> int:
        """Write the estimate of a call about to be made and return the entry's id.

        Raises `LeaseLost` when the lease is gone: then the call must not be made.
        """
        with self.pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO reelmill.costs (video_id, stage, token, model, input_tokens, output_tokens, usd_micros) "
                "SELECT video_id, stage, token, %(model)s, %(input)s, %(output)s, %(usd)s FROM reelmill.stage_runs "
                "WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s "
                "AND token = %(token)s AND state = 'running' RETURNING id",
                {
                    "video_id": lease.video_id,
                    "stage": lease.stage,
                    "version": lease.version,
                    "token": lease.token,
                    "model": model,
                    "input": estimate.input_tokens,
                    "output": estimate.output_tokens,
                    "usd": estimate.usd_micros,
                },
            ).fetchone()
        if row is None:
            raise LeaseLost
        return int(row[0])

    def settle(self, entry: int, bill: Spend) -> None:
        """Replace the estimate by what the call cost. Not fenced: the money is spent whoever holds the lease."""
        with self.pool.connection() as connection:
            connection.execute(
                "UPDATE reelmill.costs SET input_tokens = %s, output_tokens = %s, usd_micros = %s, settled = true "
                "WHERE id = %s",
                [bill.input_tokens, bill.output_tokens, bill.usd_micros, entry],
            )
