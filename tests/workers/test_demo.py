"""The demo from end to end: a real mill with instant parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reelmill.embedded.locks import is_held
from reelmill.errors import Misuse, UnreadableMedia
from reelmill.ledger.pool import Pool
from reelmill.ports import Beat
from reelmill.settings import Settings
from reelmill.testing import CopyTranscoder
from reelmill.toolbox import Toolbox
from reelmill.video import Transcoded
from tests.services import instant
from workers import demo
from workers.mill import mill

BROKEN = "broken"


class PickyTranscoder(CopyTranscoder):
    """Takes every file but a broken one."""

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        if Path(source).read_text() == BROKEN:
            raise UnreadableMedia("It is broken.")
        return super().transcode(source, folder, beat, on_hash=on_hash)


def toolbox(settings: Settings, pool: Pool) -> Toolbox:
    """Named by REELMILL_TOOLBOX in the workers that the demo starts."""
    return replace(instant.toolbox(settings, pool), transcoder=PickyTranscoder())


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("REELMILL_TOOLBOX", "tests.workers.test_demo:toolbox")
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Clips whose words are their descriptions."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, words in {"a": "dog on grass", "b": "dog in water", "c": "train at night"}.items():
        (folder / f"{name}.mp4").write_text(words)
    return folder


def test_without_weights_the_demo_says_how_to_get_them(tmp_path):
    with pytest.raises(Misuse, match="make setup"):
        demo.run(Settings(data_dir=tmp_path / "data", model_dir=tmp_path), None)
    assert not (tmp_path / "data").exists()


@pytest.mark.models
def test_an_empty_folder_is_refused_before_anything_starts(tmp_path, settings):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Misuse, match="no files"):
        demo.run(settings, tmp_path / "empty")
    assert not settings.data_dir.exists()


@pytest.mark.models
@pytest.mark.services
def test_a_demo_shows_what_it_made_names_what_failed_and_stops_what_it_started(settings, folder, capsys):
    (folder / "d.mp4").write_text(BROKEN)
    assert demo.run(settings, folder) == 1
    shown = capsys.readouterr().out
    for expected in ("a.mp4  dog on grass", "Most like dog ", "Search: dog", "What to type next"):
        assert expected in shown
    assert f"failed: {folder / 'd.mp4'}: UnreadableMedia: It is broken." in shown
    assert not is_held(settings.data_dir / "mill.pid")
    assert not is_held(settings.data_dir / "owner.lock")

    # A second one finds everything done, and uses a mill that runs already.
    described = (settings.data_dir / "tally").read_text()
    (folder / "d.mp4").unlink()
    with mill(settings, doors=False):
        assert demo.run(settings, folder) == 0
    assert (settings.data_dir / "tally").read_text() == described
    assert "already does the work" in capsys.readouterr().out
