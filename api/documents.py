"""What the HTTP door says of a video: the shapes of its answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from reelmill.video import Evidence, Stage, State, Tag


class Document(BaseModel):
    """Part of an answer; its fields' docstrings are what the OpenAPI document says of them."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class AcceptedVideo(Document):
    """An upload that the ledger holds."""

    id: UUID
    """UUIDv7."""
    source: str
    """A local file's real path, links resolved."""
    version: str
    tenant: str
    state: State


class ErrorDocument(Document):
    """Why a video ended without success, or what it waits after."""

    error_class: str = Field(alias="class")
    """The name of its class, one of those that docs/lifecycle.md explains."""
    message: str
    """One sentence."""


class StageErrorDocument(ErrorDocument):
    """Why a stage ended without success."""

    evidence: str | None
    """The end of what was logged, for instance the last lines that ffmpeg wrote."""


class StageDocument(Document):
    """One stage of one video: its latest attempt."""

    stage: Stage
    version: int
    state: Literal["waiting", "running", "done", "failed"]
    attempt: int
    """Tries counted so far."""
    waits: int
    """Times it was put off without that counting as a try."""
    worker: str | None
    device: str | None
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    lease_until: datetime | None
    seconds: float | None
    """Seconds from start to finish."""
    facts: dict[str, Any]
    """How it was done: rung, sampling, model, tokens."""
    error: StageErrorDocument | None


class DescriptionDocument(Document):
    """What the describer said."""

    title: str
    genres: list[str]
    description: str
    tags: list[Tag]
    evidence: list[Evidence]


class CostDocument(Document):
    """What paid calls for this video cost."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: float


class VideoDocument(Document):
    """All there is to tell of one video."""

    id: UUID
    tenant: str
    source: str
    state: State
    waiting_for: str | None
    """What an unfinished video waits for."""
    error: ErrorDocument | None
    duplicate_of: UUID | None
    title: str | None
    created_at: datetime
    finished_at: datetime | None
    stages: list[StageDocument]
    """In the order in which a video passes them; those not yet begun are missing."""
    description: DescriptionDocument | None
    cost: CostDocument
