"""Celery's configuration, with the reason for each choice.

Messages are acknowledged early and the ledger's lease does the rest: a late acknowledgement on Redis can
still lose a message (its reply may be lost on the wire, a duplicate's ack removes the original's record),
so nothing here tries to make the broker reliable. See docs/decisions/0001-postgres-is-the-ledger.md.
"""

from __future__ import annotations

from typing import Any

from config.queues import CPU, QUEUE_OF


def celery_config(broker_url: str, *, stage_limit_s: float) -> dict[str, Any]:
    """The settings of every worker and of the dispatcher's producer."""
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            # Without these a publish or a poll on a half-open socket waits for ever; and while the dispatcher waits,
            # it mends nothing.
            "socket_timeout": 5.0,
            "socket_connect_timeout": 5.0,
            "health_check_interval": 25,
            # No copy of what a worker has taken is kept for redelivery: the lease brings it back, and such copies
            # are what a blip of the broker doubles.
            "ack_emulation": False,
            # One list for each queue: which video is more urgent, the ledger says.
            "priority_steps": [0],
        },
        "task_routes": {f"reelmill.{stage}": {"queue": queue} for stage, queue in QUEUE_OF.items()},
        "task_default_queue": CPU,
        # JSON only: a message can carry data, never code.
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        # Early ack and no prefetch: what a worker has not started stays in Redis for others.
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # The media child and the lease end a stage long before this; it frees a process from a hung C call.
        # (Pools of threads know no time limit: a thread that hangs is lost until its worker is restarted.)
        "task_time_limit": stage_limit_s + 60.0,
        "worker_soft_shutdown_timeout": 10.0,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_send_task_events": True,
        "worker_consumer": "workers.consumer:GatheringConsumer",
        # Undelivered events are worth nothing a minute later; without a limit a dead Flower fills Redis.
        "event_queue_ttl": 10.0,
        "event_queue_expires": 60.0,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }
