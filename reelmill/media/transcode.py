"""Any upload into a proxy and a poster, on the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from reelmill.errors import NoVideo, SourceMissing, Unexpected, UnreadableMedia
from reelmill.media import child, length
from reelmill.media.command import ffmpeg_program, transcode_command
from reelmill.media.limits import MediaLimits
from reelmill.media.plan import SQUARE, Plan, plan_cpu
from reelmill.media.probe import Probed, probe
from reelmill.media.source import OpenSource, open_source, sha256
from reelmill.ports import Beat
from reelmill.video import Proxy, SourceFacts, Transcoded


class CpuTranscoder:
    """Decodes every picture with ffmpeg on the CPU and keeps one a second."""

    def __init__(self, limits: MediaLimits, ffmpeg: Path | None = None) -> None:
        self._limits = limits
        self._ffmpeg = ffmpeg_program(ffmpeg)

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        """Write `proxy.mp4` and `poster.jpg` into `folder`, which exists and is empty.

        `on_hash` is told the sha256 of the source's bytes before anything is decoded; what it raises, for
        instance `Duplicate`, goes through. Raises also what `open_source`, `probe` and `child.run` raise, and
        `UnreadableMedia` when the file ends early or yields no picture.
        """
        started = time.monotonic()
        with open_source(source, self._limits) as opened:
            content_hash = sha256(opened, beat)
            if on_hash:
                on_hash(content_hash)
            probed = probe(opened.descriptor, self._limits, beat)
            length.check_index(probed.picture)
            plan = plan_cpu(probed)
            cpu_s = self._write(plan, opened.descriptor, folder, beat)
        made = self._verified(folder, beat)
        length.check_proxy(made, probed.picture, plan.expected_frames)
        return Transcoded(
            source=_facts(opened, content_hash, probed),
            proxy=_proxy(folder, plan, made),
            poster=folder / "poster.jpg",
            rung=plan.rung,
            sampling=plan.sampling,
            cpu_s=probed.cpu_s + cpu_s + made.cpu_s,
            wall_s=time.monotonic() - started,
        )

    def _write(self, plan: Plan, descriptor: int, folder: Path, beat: Beat) -> float:
        """Run ffmpeg on the source; CPU seconds."""
        command = transcode_command(plan, descriptor, folder, self._limits, self._ffmpeg)
        return child.run(command, limits=self._limits, beat=beat, descriptors=[descriptor]).cpu_s

    def _verified(self, folder: Path, beat: Beat) -> Probed:
        """What ffmpeg wrote, looked into like an upload: hostile bytes had a hand in it."""
        try:
            with open_source(str((folder / "proxy.mp4").absolute()), self._limits) as opened:
                made = probe(opened.descriptor, self._limits, beat)
        except (NoVideo, SourceMissing, UnreadableMedia) as error:
            raise UnreadableMedia("No picture of the file could be decoded.", evidence=str(error)) from error
        picture = made.picture
        if (picture.codec, picture.width, picture.height) != ("h264", SQUARE, SQUARE) or picture.frames < 1:
            raise Unexpected("The proxy is not what was asked for.", evidence=repr(picture))
        return made


def _proxy(folder: Path, plan: Plan, made: Probed) -> Proxy:
    return Proxy(
        path=folder / "proxy.mp4",
        frames=made.picture.frames,
        duration_s=made.picture.duration_s,
        content=plan.content,
        has_audio=made.sound is not None and made.sound.duration_s > 0,
    )


def _facts(opened: OpenSource, content_hash: str, probed: Probed) -> SourceFacts:
    picture = probed.picture
    width, height = picture.shown_size
    return SourceFacts(
        content_hash=content_hash,
        size_bytes=opened.size_bytes,
        container=probed.container,
        codec=picture.codec,
        width=width,
        height=height,
        rotation=picture.rotation,
        fps=picture.fps,
        duration_s=picture.duration_s,
        has_audio=probed.sound is not None,
    )
