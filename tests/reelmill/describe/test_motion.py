import numpy as np

from reelmill.describe.motion import MotionObserver
from reelmill.describe.sample import Frames
from reelmill.video import Evidence
from tests.reelmill.describe.pictures import HEIGHT, WIDTH, filmed, plain, sample


def measured(frames: Frames) -> dict[str, Evidence]:
    return {item.kind: item for item in MotionObserver().observe(sample(frames)).evidence}


def scene(seed: int) -> Frames:
    """A frame of large patches of random colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (1, 8, 8, 3), np.uint8)
    return patches.repeat(HEIGHT // 8, axis=1).repeat(WIDTH // 8, axis=2)


def test_noise_is_no_motion() -> None:
    still = np.repeat(scene(1), 6, axis=0)
    assert measured(filmed(still))["motion"].label == "still"


def test_a_lightened_picture_has_not_moved() -> None:
    found = measured(plain(*[(level,) * 3 for level in (60, 200, 60, 200)]))
    assert (found["motion"].label, found["cuts"].score) == ("still", 0)


def test_a_thing_that_crosses_the_picture_moves_without_a_cut() -> None:
    frames = plain(*[(90, 90, 90)] * 6)
    for number, frame in enumerate(frames):
        frame[20:50, 14 * number : 14 * number + 24] = 250
    found = measured(frames)
    assert (found["motion"].label, found["cuts"].score) == ("lively", 0)


def test_other_scenes_are_cuts_and_no_motion() -> None:
    frames = np.concatenate([np.repeat(scene(seed), 3, axis=0) for seed in (1, 2, 3)])
    found = measured(frames)
    assert (found["motion"].label, found["cuts"].score) == ("still", 2)


def test_the_same_colours_in_other_places_are_no_cut() -> None:
    turned = np.concatenate([scene(1), scene(1)[:, ::-1, ::-1]])
    assert measured(turned)["cuts"].score == 0


def test_one_frame_says_nothing_of_motion() -> None:
    assert measured(scene(1)) == {}
