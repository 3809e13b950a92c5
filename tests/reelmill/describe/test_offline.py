import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmill.describe import sentences
from reelmill.describe.genres import load_genres
from reelmill.describe.observer import Observation
from reelmill.describe.offline import OfflineDescriber, compose, observe
from reelmill.describe.sample import LOOKED_AT, Sample, spread
from reelmill.errors import ModelMissing
from reelmill.media.limits import MediaLimits
from reelmill.models.catalogue import IMAGE_LABELS, IMAGE_WEIGHTS, OBJECT_GRAPH, OBJECT_WEIGHTS, sample_clips
from reelmill.ports import Describer
from reelmill.video import Description
from tests.reelmill.describe.pictures import filmed, plain, sample, seen
from tests.reelmill.media.clips import Transcode

TEMPLATE = {"it", "shows", "may", "show", "perhaps", "lasts", "about", "seconds", "scene", "mostly", "recognised"}
FRAMES = sample(filmed(plain(*[(90, 120, 90)] * 8)))


class Finds:
    def __init__(self, observation: Observation) -> None:
        self.observation = observation

    def observe(self, sample: Sample) -> Observation:
        return self.observation


class Lacks:
    def observe(self, sample: Sample) -> Observation:
        raise ModelMissing("weights.bin is not there.")


def described(*observations: Observation) -> Description:
    return compose(observations, FRAMES, load_genres())


def offline(model_dir: Path) -> OfflineDescriber:
    return OfflineDescriber(model_dir, load_genres(), limits=MediaLimits())


def test_what_observers_found_becomes_a_description() -> None:
    image = Observation((seen("image", "dog", 0.7), seen("class", "Beagle", 0.6)), {"dog": 0.7, "Beagle": 0.6})
    things = Observation((seen("object", "person", 0.9), seen("object", "frisbee", 0.9)), {"person": 0.9})
    found = described(image, things)
    assert (found.title, found.genres) == ("A person and a dog", ("pets",))
    assert [(tag.name, tag.confidence) for tag in found.tags] == [
        ("person", 0.9),
        ("dog", 0.7),
        ("Beagle", 0.6),
        ("frisbee", 0.36),
    ]
    assert found.index_text.startswith("person, person")
    assert "frisbee" not in found.index_text
    assert len(found.evidence) == 4


def test_a_class_is_a_tag_only_when_it_is_sure() -> None:
    found = described(Observation((seen("image", "dog", 0.9), seen("class", "Beagle", 0.45))))
    assert [tag.name for tag in found.tags] == ["dog"]


def test_an_observer_without_weights_leaves_the_others_their_say() -> None:
    dog = Observation((seen("image", "dog", 0.7),), {"dog": 0.7})
    beats: list[None] = []
    found = list(observe(FRAMES, [Lacks(), Finds(dog), Lacks()], lambda: beats.append(None)))
    assert found == [dog]
    assert len(beats) == 3


def test_nothing_found_is_a_legal_description_with_no_words_to_index() -> None:
    found = described()
    assert (found.title, found.genres, found.tags, found.index_text) == ("Unrecognised scene", (), (), "")


WORD = st.sampled_from(["dog", "drum", "person", "cell phone", "hook", "mountains", "page or sign", "tv", "clothes"])
FOUND = st.builds(seen, st.sampled_from(["image", "class", "object"]), WORD, st.floats(0, 1), st.integers(0, 8))
OBSERVATION = st.builds(Observation, st.lists(FOUND, max_size=12).map(tuple), st.dictionaries(WORD, st.floats(0, 1)))


@given(st.lists(OBSERVATION, max_size=4))
def test_no_word_of_the_template_leaks_into_the_index_text(observations: list[Observation]) -> None:
    found = described(*observations)
    observed = {part for o in observations for word in o.words for part in word.split()}
    words = set(re.findall(r"\w+", found.index_text))
    assert words <= observed
    assert not words & TEMPLATE
    assert set(found.genres) <= load_genres().ids
    assert {tag.name for tag in found.tags} <= {item.label for o in observations for item in o.evidence}


def test_the_sentences_do_use_the_words_that_may_not_leak() -> None:
    said = sentences.description([], [], 9.0) + sentences.title([], [])
    assert TEMPLATE & set(re.findall(r"\w+", said.lower()))


@pytest.mark.parametrize("available", [1, 3, 8, 9, 64])
def test_frames_to_look_at_are_spread_and_few(available: int) -> None:
    chosen = spread(available, LOOKED_AT)
    assert len(chosen) == min(available, LOOKED_AT)
    assert np.all(np.diff(chosen) > 0)
    assert chosen[-1] < available


def test_without_any_weights_there_are_still_plain_facts(landscape: Path, transcode: Transcode, tmp_path: Path) -> None:
    describer: Describer = offline(tmp_path / "no models")
    found = describer.describe(transcode(landscape).proxy, lambda: None)
    kinds = {item.kind for item in found.evidence}
    assert {"brightness", "motion", "loudness"} <= kinds
    assert not kinds & {"image", "object", "class"}
    assert "It lasts about 5 seconds." in found.description


def test_a_video_without_sound_is_said_to_have_none(silent: Path, transcode: Transcode, tmp_path: Path) -> None:
    found = offline(tmp_path / "no models").describe(transcode(silent).proxy, lambda: None)
    assert "It has no sound." in found.description


@pytest.mark.models
@pytest.mark.parametrize(("clip", "title"), [("president-statement.mp4", "People"), ("woman-moods.mp4", "A person")])
def test_real_clips_of_people_are_described_as_such(
    clip: str, title: str, model_dir: Path, transcode: Transcode
) -> None:
    [path] = [path for path in sample_clips(model_dir) if path.name == clip]
    found = offline(model_dir).describe(transcode(path).proxy, lambda: None)
    assert (found.title, found.genres) == (title, ("people",))


@pytest.mark.models
def test_the_earth_at_night_is_not_claimed_to_be_a_cup(model_dir: Path, transcode: Transcode) -> None:
    [path] = [path for path in sample_clips(model_dir) if path.name == "earth-short.mp4"]
    found = offline(model_dir).describe(transcode(path).proxy, lambda: None)
    assert "cup" not in found.title
    assert "It shows" not in found.description
    assert found.genres == ()


@pytest.mark.models
@pytest.mark.parametrize(
    ("present", "kinds"),
    [((IMAGE_WEIGHTS, IMAGE_LABELS), {"image"}), ((OBJECT_WEIGHTS, OBJECT_GRAPH), {"object"})],
)
def test_either_model_works_without_the_other(
    present: tuple, kinds: set[str], model_dir: Path, transcode: Transcode, tmp_path: Path
) -> None:
    folder = tmp_path / "some models"
    folder.mkdir()
    for asset in present:
        asset.path(folder).symlink_to(asset.path(model_dir))
    [path] = [path for path in sample_clips(model_dir) if path.name == "president-statement.mp4"]
    proxy = transcode(path).proxy
    found = offline(folder).describe(proxy, lambda: None)
    assert {item.kind for item in found.evidence} & {"image", "object"} <= kinds
    assert found.index_text
