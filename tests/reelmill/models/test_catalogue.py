from pathlib import Path, PurePosixPath

import pytest

from reelmill.errors import ModelMissing
from reelmill.models.asset import WITHOUT, Asset, Role, require
from reelmill.models.catalogue import ASSETS, IMAGE_LABELS, SAMPLE_CLIPS, missing, sample_clips


def test_no_two_files_have_one_name_or_the_same_bytes() -> None:
    assert len({asset.name for asset in ASSETS}) == len({asset.sha256 for asset in ASSETS}) == len(ASSETS)


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_every_file_is_pinned_licensed_and_kept_inside_the_folder(asset: Asset) -> None:
    assert len(bytes.fromhex(asset.sha256)) == 32
    assert asset.size_bytes > 0
    assert asset.licence
    assert asset.package.version
    path = PurePosixPath(asset.name)
    assert not path.is_absolute()
    assert ".." not in path.parts


def test_every_role_says_what_is_lost_without_it() -> None:
    assert set(WITHOUT) == set(Role)


def test_an_empty_folder_misses_everything(tmp_path: Path) -> None:
    assert missing(tmp_path) == list(ASSETS)
    assert sample_clips(tmp_path) == []


def test_a_file_cut_short_counts_as_missing(tmp_path: Path) -> None:
    whole, short = SAMPLE_CLIPS[:2]
    whole.path(tmp_path).parent.mkdir()
    whole.path(tmp_path).write_bytes(bytes(whole.size_bytes))
    short.path(tmp_path).write_bytes(bytes(short.size_bytes - 1))
    assert sample_clips(tmp_path) == [whole.path(tmp_path)]
    assert short in missing(tmp_path)


def test_a_model_without_its_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"reelmill\.models fetch --only image"):
        require(IMAGE_LABELS, tmp_path)
