"""The documents tell the truth: what they name is there, and what is there they name."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic_core import PydanticUndefined

from config.queues import QUEUE_OF, queues
from reelmill import errors
from reelmill.cli import app as command_line
from reelmill.ledger import Ledger
from reelmill.ledger.queries import query
from reelmill.settings import Settings
from reelmill.uploads import local_upload
from reelmill.video import Stage, State

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LIFECYCLE = (ROOT / "docs/lifecycle.md").read_text()
RUNBOOK = (ROOT / "docs/operations.md").read_text()
README = (ROOT / "README.md").read_text()

MAKE_LATER = {"scale-gpu-workers"}
"""Targets that the documents name as not yet there."""


def fences(text: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [textwrap.dedent(code) for code in re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


def rows(text: str, heading: str) -> dict[str, list[str]]:
    """The table under a row of headings that begins so: cells by the first one's text, without backticks."""
    table = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]
    return {first: rest for first, *rest in cells}


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def named_targets() -> Iterator[str]:
    for page in PAGES:
        text = page.read_text()
        # Without the blocks, whose fences would pair up with inline code.
        inline = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
        yield from re.findall(r"\bmake ([a-z-]+)", "\n".join(inline + fences(text, "sh")))


def test_every_setting_is_in_the_example_with_its_default() -> None:
    given = dict(re.findall(r"^#REELMILL_([A-Z_]+)=(.*)$", (ROOT / "config/example.env").read_text(), re.MULTILINE))
    fields = Settings.model_fields
    assert given.keys() == {name.upper() for name in fields}
    for name, field in fields.items():
        assert field.default is not PydanticUndefined
        if field.default is None:
            assert given[name.upper()] == ""


def test_the_examples_defaults_are_the_settings_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "config/example.env").read_text().splitlines()
    for name, value in (line.removeprefix("#").split("=", 1) for line in lines if line.startswith("#REELMILL_")):
        if value:
            monkeypatch.setenv(name, value)
    given, default = Settings().model_dump(), {name: field.default for name, field in Settings.model_fields.items()}
    assert given == default


def test_every_setting_in_the_example_is_explained() -> None:
    lines = (ROOT / "config/example.env").read_text().splitlines()
    for before, line in pairwise(lines):
        if line.startswith("#REELMILL_"):
            assert before.startswith("# "), line


def test_every_make_target_that_is_named_exists() -> None:
    assert set(named_targets()) - MAKE_LATER <= make_targets()


def test_a_target_that_is_there_is_not_called_missing() -> None:
    assert not MAKE_LATER & make_targets()


def test_every_make_target_is_named_somewhere() -> None:
    assert make_targets() - set(named_targets()) == set()


def test_every_command_that_is_named_exists() -> None:
    functions = [command.callback for command in command_line.registered_commands]
    there = {function.__name__ for function in functions if function}
    code = "\n".join(code for page in PAGES for code in fences(page.read_text(), "sh"))
    named = set(re.findall(r"^\S*reelmill ([a-z]+)", code, re.MULTILINE))
    assert named == there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_every_queue_and_task_is_documented() -> None:
    table = rows(LIFECYCLE, "stage | Celery task")
    assert {stage: cells[:2] for stage, cells in table.items()} == {
        str(stage): [f"reelmill.{stage}", QUEUE_OF[stage]] for stage in Stage
    }
    pools = {queue.stage: queue.pool for queue in queues(Settings(), cores=2)}
    kinds = {"prefork": "processes", "threads": "threads"}
    assert all(table[str(stage)][2].startswith(kinds[pool]) for stage, pool in pools.items())


def test_every_state_is_documented() -> None:
    assert list(rows(LIFECYCLE, "state")) == [str(state) for state in State]


def test_every_stage_error_is_documented_with_its_tries_and_its_wait() -> None:
    documented = {name: cells[1:3] for name, cells in rows(LIFECYCLE, "class").items()}
    assert documented == {kind.__name__: _tries(kind) for kind in errors.stage_errors()}


def test_the_runbook_says_what_to_do_about_each_error_that_ends_a_video_as_failed() -> None:
    never = {errors.Busy, errors.Blocked, errors.Duplicate}
    assert set(rows(RUNBOOK, "failed as")) == {kind.__name__ for kind in errors.stage_errors() if kind not in never}


def _tries(kind: type[errors.StageError]) -> list[str]:
    if kind is errors.Busy:
        return ["not counted", "as it says"]
    return [str(kind.max_attempts), f"{kind.backoff_s:g}" if kind.max_attempts > 1 else "-"]


def test_the_statement_that_enqueues_is_the_one_that_is_run() -> None:
    assert query("enqueue").decode() in fences(LIFECYCLE, "sql")


@pytest.mark.services
def test_enqueueing_in_ones_own_transaction_works_as_documented(
    ledger: Ledger, database_url: str, tmp_path: Path
) -> None:
    grants = next(sql for sql in fences(LIFECYCLE, "sql") if "GRANT" in sql)
    program = next(code for code in fences(LIFECYCLE, "python") if "INSERT INTO posts" in code)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"some bytes")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS my_app")
        owner.execute("CREATE ROLE my_app")
        owner.execute(grants.encode())
        owner.execute("CREATE TABLE public.posts (author text, file text)")
        owner.execute("GRANT INSERT ON public.posts TO my_app")
        url = make_conninfo(database_url, options="-c role=my_app")
        exec(program, {"url": url, "author": "ann", "path": clip})
        owner.execute("DROP OWNED BY my_app")
        owner.execute("DROP ROLE my_app")
        assert owner.execute("SELECT author FROM public.posts").fetchall() == [("ann",)]
    [video] = ledger.status.videos()
    assert (video["source"], video["tenant"]) == (local_upload(clip).source, "ann")


def test_the_upload_hook_of_the_readme_is_the_example() -> None:
    shown = next(code for code in fences(README, "python") if "urlopen" in code)
    assert len(shown.splitlines()) <= 5
    example = ast.unparse(ast.parse((ROOT / "examples/upload_hook.py").read_text()))
    for statement in ast.parse(shown).body:
        for line in ast.unparse(statement).splitlines():
            part = line.strip().replace("'http://127.0.0.1:8480/v1/videos'", "f'{door}/v1/videos'")
            assert part.removeprefix("video = ") in example


def test_the_glossary_has_each_word_once() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*:", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert words
    assert max(Counter(words).values()) == 1
