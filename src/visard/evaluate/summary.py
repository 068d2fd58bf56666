"""What an evaluation came to, for people: tables as text and as a page, beside results.jsonl."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visard.evaluate.judge import Judge
from visard.evaluate.page import render
from visard.evaluate.results import CLEAR, COST, NO_RECOGNISER, PICTURES, RECOVERY, Result, is_attack, shown_to
from visard.evaluate.table import Table, tabulate
from visard.publish import publish

_SHOWN = 6
"""People on the contact sheet."""

_SHARES = "Shares are in percent, with the 95 % Wilson interval and the number of trials."


def summarise(results: Sequence[Result]) -> list[Table]:
    """Return the tables of an evaluation: who is recognised, what is kept, what comes back, and what it costs."""
    attacked = [
        (dict(zip(("pictures", "recogniser"), shown_to(r), strict=True)), r.scores) for r in results if is_attack(r)
    ]
    rows = {g: [({"pictures": r.method}, r.scores) for r in results if r.group == g] for g in NO_RECOGNISER}
    # What is no method has no price and no way back.
    spent, back = (
        [row for row in rows[g] if any(score.value is not None for score in row[1])] for g in (COST, RECOVERY)
    )
    named = {"Recognised": attacked, "Kept": rows[PICTURES], "Recovered": back, "Cost": spent}
    return [tabulate(title, listed) for title, listed in named.items() if listed]


def steadiness(results: Sequence[Result]) -> Table:
    """Return the table of videos: how much what was hidden flickers."""
    return tabulate("Videos", [({"video": r.group, "method": r.method}, r.scores) for r in results])


def words(judge: Judge, unlearnt: str = "") -> list[str]:
    """Return what tables rest on; unlearnt: why nobody learnt to undo a method."""
    left_out = f"; {judge.faceless} without a face are left out" if judge.faceless else ""
    head = f"{len(judge.pictures)} pictures of {judge.people} people, chance {100 / judge.people:.1f} %{left_out}."
    return [head, _SHARES, *([f"Nobody learnt to undo the methods: {unlearnt}."] if unlearnt else [])]


def as_text(lines: Sequence[str], tables: Sequence[Table], level: int = 0) -> str:
    """Return the tables in Markdown under one line on what they rest on; level: of their headings, 0 for none."""
    return f"{' '.join(lines)}\n\n" + "\n".join(table.markdown(level) for table in tables)


def write_tables(lines: Sequence[str], tables: Sequence[Table], folder: Path) -> None:
    """Write table.md, replacing an earlier one; raises TargetError."""
    with publish(folder / "table.md", overwrite=True) as draft:
        draft.write_text(as_text(lines, tables, level=2), "utf-8")


def write_page(
    judge: Judge, lines: Sequence[str], results: Sequence[Result], tables: Sequence[Table], folder: Path
) -> None:
    """Write report.html, replacing an earlier one; raises TargetError.

    The page shows hidden faces of a few people for each method, and nothing of the clear pictures.
    """
    methods = [method for method in dict.fromkeys(result.method for result in results) if method != CLEAR]
    faces = {method: judge.shown(method, _SHOWN) for method in methods}
    with publish(folder / "report.html", overwrite=True) as draft:
        draft.write_text(render(lines, results, tables, faces, 1 / judge.people), "utf-8")
