"""The built-in describer: small models and plain measurements, no key and no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reelmill.describe import index_text, sentences
from reelmill.describe.colour import ColourObserver
from reelmill.describe.genres import Genres
from reelmill.describe.graphics import GraphicsObserver
from reelmill.describe.image import ImageObserver
from reelmill.describe.loudness import LoudnessObserver
from reelmill.describe.motion import MotionObserver
from reelmill.describe.observer import Observation, Observer
from reelmill.describe.sample import Sample, take_sample
from reelmill.describe.sightings import SURE, Sighting, weigh
from reelmill.describe.things import ObjectObserver
from reelmill.errors import ModelMissing
from reelmill.media.limits import MediaLimits
from reelmill.models.image import ImageModel
from reelmill.models.objects import ObjectModel
from reelmill.ports import Beat
from reelmill.video import Description, Evidence, Proxy, Tag

TAGS = 20
"""Most tags, as `Description.tags` allows."""


def observers(model_dir: Path) -> tuple[Observer, ...]:
    """All there are. Speech, text in the picture and sounds would be further ones."""
    return (
        GraphicsObserver(),
        ImageObserver(ImageModel(model_dir)),
        ObjectObserver(ObjectModel(model_dir)),
        ColourObserver(),
        MotionObserver(),
        LoudnessObserver(),
    )


class OfflineDescriber:
    """Describes by tags from evidence and a fixed set of sentences; claims only what it is sure of."""

    name = "offline_v1"

    def __init__(self, model_dir: Path, genres: Genres, *, limits: MediaLimits, ffmpeg: Path | None = None) -> None:
        """Take weights from `model_dir` when first needed; those that are missing only make it see less."""
        self._observers = observers(model_dir)
        self._genres = genres
        self._ffmpeg, self._limits = ffmpeg, limits

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        """Describe one video; it never refuses. Raises the media engine's errors when the proxy is unreadable."""
        sample = take_sample(proxy, self._ffmpeg, self._limits, beat)
        return compose(observe(sample, self._observers, beat), sample, self._genres)


def observe(sample: Sample, chosen: Iterable[Observer], beat: Beat) -> Iterator[Observation]:
    """What each observer found; one whose weights are missing finds nothing (`doctor` tells of that)."""
    for observer in chosen:
        try:
            yield observer.observe(sample)
        except ModelMissing:
            continue
        finally:
            beat()


def compose(observed: Iterable[Observation], sample: Sample, genres: Genres) -> Description:
    """Weigh what was observed and put it into words."""
    observations = list(observed)
    evidence = tuple(item for observation in observations for item in observation.evidence)
    sightings = weigh(evidence, looked_at=len(sample.looked_at))
    return Description(
        title=sentences.title(sightings, evidence),
        genres=genres.of(sightings),
        description=sentences.description(sightings, evidence, sample.duration_s),
        tags=tags(sightings, evidence),
        evidence=evidence,
        index_text=index_text.compose(observation.words for observation in observations),
    )


def tags(sightings: Sequence[Sighting], evidence: Iterable[Evidence]) -> tuple[Tag, ...]:
    """The sightings, and the image model's own classes inside their families, surest first."""
    found = {sighting.word: sighting.confidence for sighting in sightings}
    for item in evidence:
        if item.kind == "class" and item.score >= SURE:
            found.setdefault(item.label, item.score)
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:TAGS]
    return tuple(Tag(name=word, confidence=round(min(confidence, 1.0), 3)) for word, confidence in ordered)
