"""Videos over HTTP: put one into the mill, ask how far it is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.documents import AcceptedVideo, VideoDocument
from api.openapi import problem_of
from api.sources import upload_of
from reelmill.ledger import Ledger
from reelmill.ledger.videos import Enqueued
from reelmill.settings import Settings
from reelmill.uploads import MAX_SOURCE_CHARS, MAX_TENANT_CHARS, MAX_VERSION_CHARS, Upload, is_text
from reelmill.video import State

router = APIRouter(prefix="/v1/videos", tags=["videos"])

LOWEST_PRIORITY, HIGHEST_PRIORITY = -(2**15), 2**15 - 1
"""What the ledger's smallint holds."""


def _storable(value: str) -> str:
    if not is_text(value):
        raise ValueError("holds a character that cannot be stored")
    return value


Text = Annotated[str, AfterValidator(_storable)]


class NewVideo(BaseModel):
    """An upload to put into the mill. The same tenant, source and version again is the same video."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    source: Annotated[Text, Field(min_length=1, max_length=MAX_SOURCE_CHARS)]
    """An absolute path or `file://` URI of a file in one of the folders of REELMILL_SOURCE_ROOTS."""
    tenant: Annotated[Text, Field(min_length=1, max_length=MAX_TENANT_CHARS)] = "default"
    """Whose video it is: tenants take turns, and see only their own in searches."""
    version: Annotated[Text, Field(max_length=MAX_VERSION_CHARS)] | None = None
    """Changes when the bytes do, for instance an etag. Left out, it is made from the file's size and time."""
    priority: Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)] = 0
    """The higher, the sooner, among the videos of the same tenant."""


def ledger(request: Request) -> Ledger:
    """The application's ledger."""
    found: Ledger = request.app.state.ledger
    return found


def settings(request: Request) -> Settings:
    """The application's settings."""
    found: Settings = request.app.state.settings
    return found


@router.post(
    "",
    status_code=202,
    response_description="The video is new, and will be worked on",
    responses={
        200: {"model": AcceptedVideo, "description": "The video was there before; nothing was changed"},
        403: problem_of("The source is not in a folder that is open to HTTP callers"),
        413: problem_of("The body is too large"),
        422: problem_of("The request was not understood, or the source is of a kind not supported"),
        503: problem_of("The database does not answer; try again after `Retry-After` seconds"),
    },
)
def accept_video(
    new: NewVideo,
    response: Response,
    ledger: Annotated[Ledger, Depends(ledger)],
    settings: Annotated[Settings, Depends(settings)],
) -> AcceptedVideo:
    """Accept a video, by one INSERT. Neither workers nor broker are needed for that."""
    named = upload_of(new.source, settings.source_roots)
    upload = named if new.version is None else Upload(named.source, new.version)
    enqueued = ledger.videos.enqueue(upload.source, version=upload.version, tenant=new.tenant, priority=new.priority)
    if not enqueued.created:
        response.status_code = 200
    response.headers["Location"] = router.url_path_for("get_video", video_id=str(enqueued.id))
    return AcceptedVideo(
        id=enqueued.id, source=upload.source, version=upload.version, tenant=new.tenant, state=_state(ledger, enqueued)
    )


@router.get(
    "/{video_id}",
    responses={
        404: problem_of("No video has this id"),
        422: problem_of("This is not a UUID"),
        503: problem_of("The database does not answer; try again after `Retry-After` seconds"),
    },
)
def get_video(video_id: UUID, ledger: Annotated[Ledger, Depends(ledger)]) -> VideoDocument:
    """Tell all there is to tell of one video: its stages, its description, its cost."""
    found = ledger.status.video(video_id)
    if found is None:
        raise HTTPException(404, "No video has this id.")
    return VideoDocument.model_validate(found)


def _state(ledger: Ledger, enqueued: Enqueued) -> State:
    if enqueued.created:
        return State.QUEUED
    found = ledger.status.videos(ids=[enqueued.id], limit=1)
    return State(found[0]["state"]) if found else State.QUEUED
