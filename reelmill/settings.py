"""Every setting, with its unit and default. Read only by the doors; the rest takes explicit arguments."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from reelmill.errors import Misuse


class Settings(BaseSettings):
    """The environment variables `REELMILL_<NAME>`; `config/example.env` lists them all."""

    model_config = SettingsConfigDict(env_prefix="REELMILL_", env_ignore_empty=True, frozen=True, extra="ignore")

    data_dir: Path = Field(Path(".reelmill"), description="Folder of the embedded servers, blobs and logs.")
    database_url: str | None = Field(
        None, description="PostgreSQL 18 with pgvector 0.8; unset means an embedded one is started."
    )
    broker_url: str | None = Field(
        None, description="Redis or Valkey, redis://...; unset means an embedded Valkey is started."
    )
    model_dir: Path = Field(
        Path("~/.cache/reelmill"), description="Folder of the offline models' weights and the sample clips."
    )
    genres_file: Path | None = Field(
        None, description="The genre list, TOML; unset means the one that ships with Reelmill."
    )

    toolbox: str = Field(
        "reelmill.parts:toolbox",
        description="module:function that chooses the workers' parts from (settings, pool); name your own to plug in.",
    )

    lease_s: PositiveFloat = Field(
        30.0,
        description="Seconds without a sign of life after which a held stage may be taken by another worker.",
    )
    stage_limit_s: PositiveFloat = Field(
        900.0, description="Seconds one attempt at a stage may take before it is stopped."
    )
    stall_limit_s: PositiveFloat = Field(
        60.0, description="Seconds without visible progress before a stage is stopped."
    )
    ring_wait_s: PositiveFloat = Field(
        10.0, description="Seconds after which an unclaimed message of an idle queue is taken for lost."
    )
    dispatch_interval_s: PositiveFloat = Field(0.25, description="Seconds between the dispatcher's polls.")
    min_free_bytes: NonNegativeInt = Field(
        2 * 2**30,
        description="Bytes free under the data folder below which no transcode is started; 0 turns this off. "
        "PostgreSQL's write-ahead log alone may take 1 GiB (its default max_wal_size).",
    )

    keep_runs_days: NonNegativeInt = Field(
        90, description="Days after a video's end for which its stage runs are kept; 0 keeps them for ever."
    )

    cpu_processes: PositiveInt | None = Field(
        None, description="Processes of the transcode worker; unset means one for each two cores."
    )
    api_threads: PositiveInt = Field(4, description="Threads of each api.* worker.")
    index_processes: PositiveInt = Field(1, description="Processes of the index worker.")

    max_upload_bytes: PositiveInt = Field(4 * 2**30, description="Largest upload taken, bytes.")
    max_duration_s: PositiveFloat = Field(3600.0, description="Longest upload taken, seconds.")
    max_pixels: PositiveInt = Field(8192 * 4320, description="Largest picture taken, width x height.")
    max_streams: PositiveInt = Field(32, description="Most streams a container may hold.")
    child_memory_bytes: PositiveInt = Field(4 * 2**30, description="Address space of a media child process, bytes.")
    ffmpeg: Path | None = Field(None, description="The ffmpeg to run; unset means imageio-ffmpeg's.")

    api_host: str = Field("127.0.0.1", description="Address the HTTP door listens on.")
    api_port: PositiveInt = Field(8480, le=65535, description="Port of the HTTP door.")
    source_roots: tuple[Path, ...] = Field(
        (),
        description="JSON list of folders whose files may be named over HTTP; empty means none.",
    )
    flower_port: PositiveInt = Field(5555, le=65535, description="Port of Flower, on 127.0.0.1.")
    flower_password: str | None = Field(
        None, description="Password of Flower's user `reelmill`; unset means one is made up and printed."
    )
    log_json: bool = Field(False, description="One JSON object a line in the logs, for machines.")


def load_settings() -> Settings:
    """The settings. Raises `Misuse` naming the variable that cannot be understood."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misuse(f"REELMILL_{str(first['loc'][0]).upper()} is not valid: {first['msg']}.") from None
    except SettingsError as error:
        raise Misuse(f"The settings cannot be read: {error}.") from None
