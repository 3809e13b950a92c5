"""The fixed sentences of the offline describer: honest words for what was weighed and measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reelmill.describe.sightings import Sighting, worth_telling
from reelmill.video import Evidence

NAMED = 3
"""Most things that the title names, and most that are said to be possible."""
CLAIMED = 6
"""Most things that the description claims."""
LIKELY = 0.4
"""Confidence from which the title names a thing with a "perhaps"."""
TITLE_CHARS = 120
UNRECOGNISED = "Nothing in it was recognised for certain."
DRAWN = "What is drawn was not recognised."

MOTION = {"still": "hardly anything moves", "moving": "something moves", "lively": "much moves"}
SOUND = {
    "no sound track": "It has no sound.",
    "silent": "The sound track is silent.",
    "quiet": "The sound is quiet.",
    "audible": "It has sound.",
    "loud": "The sound is loud.",
}


def title(sightings: Sequence[Sighting], evidence: Iterable[Evidence]) -> str:
    """Name what is surely there; else what may well be; else what the picture looks like."""
    sure = [sighting.said for sighting in worth_telling(sightings) if sighting.sure][:NAMED]
    likely = [f"perhaps {sighting.said}" for sighting in sightings if sighting.confidence >= LIKELY][:1]
    words = joined(sure or likely) or _look(labels(evidence))
    return (words[0].upper() + words[1:])[:TITLE_CHARS]


def description(sightings: Sequence[Sighting], evidence: Sequence[Evidence], duration_s: float) -> str:
    """Two to six short sentences: what is there, what may be, and what was measured."""
    sentences = [*_shown(sightings, evidence), *_measured(evidence)]
    return " ".join([*sentences, f"It lasts about {spoken_duration(duration_s)}."])


def joined(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), *words[-1:]] if len(words) > 1 else words)


def spoken_duration(duration_s: float) -> str:
    """`1 second`, `42 seconds` or `3 minutes 5 seconds`."""
    minutes, seconds = divmod(max(1, round(duration_s)), 60)
    parts = [(minutes, "minute"), (seconds, "second")]
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number)


def labels(evidence: Iterable[Evidence]) -> dict[str, str]:
    """The first label of each kind of evidence."""
    found: dict[str, str] = {}
    for item in evidence:
        found.setdefault(item.kind, item.label)
    return found


def _shown(sightings: Sequence[Sighting], evidence: Iterable[Evidence]) -> list[str]:
    told = worth_telling(sightings)
    sure = [sighting.said for sighting in told if sighting.sure][:CLAIMED]
    possible = [sighting.said for sighting in told if not sighting.sure][:NAMED]
    return [
        f"It shows {joined(sure)}." if sure else UNRECOGNISED,
        *([DRAWN] if any(item.kind == "graphics" for item in evidence) else []),
        *([f"It may show {joined(possible)}."] if possible else []),
    ]


def _measured(evidence: Sequence[Evidence]) -> list[str]:
    first = labels(evidence)
    light = {"dark": ["dark"], "bright": ["bright"]}.get(first.get("brightness", ""), [])
    colours = [item.label for item in evidence if item.kind == "colour"]
    picture = ", ".join([*light, *([f"mostly {joined(colours)}"] if colours else [])])
    clauses = [*([f"the picture is {picture}"] if picture else []), *_motion(first)]
    sentence = "; ".join(clauses)
    return [
        *([f"{sentence[0].upper()}{sentence[1:]}."] if sentence else []),
        *_cuts(evidence),
        *([SOUND[first["loudness"]]] if "loudness" in first else []),
    ]


def _motion(first: Mapping[str, str]) -> list[str]:
    return [MOTION[first["motion"]]] if "motion" in first else []


def _cuts(evidence: Iterable[Evidence]) -> list[str]:
    cuts = sum(int(item.score) for item in evidence if item.kind == "cuts")
    return [f"The scene changes at least {'once' if cuts == 1 else f'{cuts} times'}."] if cuts else []


def _look(first: Mapping[str, str]) -> str:
    light = {"dark": "dark ", "bright": "bright "}.get(first.get("brightness", ""), "")
    colour = f", mostly {first['colour']}" if "colour" in first else ""
    return f"{light}scene{colour}" if light or colour else "unrecognised scene"
