"""How `reelmill status` looks to people, and one video's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from reelmill.cli.answers import clean
from reelmill.cli.tables import VIDEO_HEADINGS, name, news, print_table, state_text, time_text, video_rows
from reelmill.cli.waits_view import paused_line, waiting_lines


def one_video(row: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger's answer as the document of `status ID`: what a stage says of itself stands beside its times."""
    return {**row, "stages": [_stage(stage) for stage in row["stages"]]}


def show_videos(out: Console, document: Mapping[str, Any]) -> None:
    """How many videos are in each state, which lanes are paused, then the newest videos."""
    counts = document["counts"]
    total = sum(counts.values())
    for lane in document["lanes"]:
        out.print(clean(paused_line(lane)))
    if not total:
        out.print("There are no videos yet: `reelmill ingest FOLDER` puts some in.")
        return
    parts = [Text.assemble(state_text(state), f" {count}") for state, count in counts.items() if count]
    out.print(Text("  ").join([Text(f"{total} in all:"), *parts]))
    print_table(out, VIDEO_HEADINGS, video_rows(document["videos"]))


def show_video(out: Console, video: Mapping[str, Any]) -> None:
    """One video: what it is, where it stands, its stages, its description."""
    out.print(Text.assemble(clean(name(video)), "  ", state_text(video["state"]), f"  {clean(news(video))}"))
    out.print(f"{clean(video['source'])}  (tenant {clean(video['tenant'])}, since {time_text(video['created_at'])})")
    for line in waiting_lines(video["waiting"]) if video["waiting"] else ():
        out.print(f"  {clean(line)}")
    if video["stages"]:
        headings = ("stage", "state", "started", "took", "attempts", "worker", "device", "rung", "error")
        print_table(out, headings, [_stage_row(stage) for stage in video["stages"]])
    for stage in video["stages"]:
        _show_evidence(out, stage)
    if video["description"]:
        _show_description(out, video["description"])
    cost = video["cost"]
    if cost["calls"]:
        tokens = f"{cost['input_tokens']} tokens in, {cost['output_tokens']} out"
        out.print(f"cost: ${cost['usd']:.6f} for {cost['calls']} calls, {tokens}")


def _stage(row: Mapping[str, Any]) -> dict[str, Any]:
    stage = dict(row)
    stage["attempts"] = stage.pop("attempt")
    facts = stage["facts"]
    return stage | {key: facts.get(key) for key in ("rung", "tokens")}


def _stage_row(stage: Mapping[str, Any]) -> tuple[str, ...]:
    error = stage["error"]
    return (
        stage["stage"],
        stage["state"],
        time_text(stage["started_at"]),
        f"{stage['seconds']:.2f} s" if stage["seconds"] is not None else "",
        str(stage["attempts"]),
        stage["worker"] or "",
        stage["device"] or "",
        stage["rung"] or "",
        f"{error['class']}: {error['message']}" if error else "",
    )


def _show_evidence(out: Console, stage: Mapping[str, Any]) -> None:
    evidence = (stage["error"] or {}).get("evidence")
    if evidence:
        out.print(f"evidence of {stage['stage']}:")
        for line in evidence.splitlines():
            out.print(f"    {clean(line)}")


def _show_description(out: Console, description: Mapping[str, Any]) -> None:
    tags = ", ".join(f"{tag['name']} {tag['confidence']:.2f}" for tag in description["tags"])
    out.print(f"genres: {', '.join(description['genres']) or 'none'}")
    out.print(clean(description["description"]))
    out.print(f"tags: {clean(tags) or 'none'}")
