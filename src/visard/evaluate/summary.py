"""What an evaluation came to, for people: tables as text and as a page, beside results.jsonl."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visard.evaluate.judge import CLEAR, COST, PICTURES, Judge, Result, is_attack
from visard.evaluate.page import render
from visard.evaluate.table import Table, tabulate
from visard.publish import publish

_SHOWN = 6
"""People on the contact sheet."""

_SHARES = "Shares are in percent, with the 95 % Wilson interval and the number of trials."


def summarise(results: Sequence[Result]) -> list[Table]:
    """Return the tables of an evaluation: who is recognised, and what is kept."""
    attacked = [({"pictures": r.method, "recogniser": r.group}, r.scores) for r in results if is_attack(r)]
    seen, spent = ([({"pictures": r.method}, r.scores) for r in results if r.group == g] for g in (PICTURES, COST))
    priced = [row for row in spent if any(score.value is not None for score in row[1])]
    named = {"Recognised": attacked, "Kept": seen, "Cost": priced}
    return [tabulate(title, rows) for title, rows in named.items() if rows]


def as_text(judge: Judge, tables: Sequence[Table], level: int = 0) -> str:
    """Return the tables in Markdown under one line on what they rest on; level: of their headings, 0 for none."""
    return f"{_head(judge)}. {_SHARES}\n\n" + "\n".join(table.markdown(level) for table in tables)


def write_summary(judge: Judge, results: Sequence[Result], tables: Sequence[Table], folder: Path) -> None:
    """Write table.md and report.html, replacing earlier ones; raises TargetError.

    The page shows hidden faces of a few people for each method, and nothing of the clear pictures.
    """
    methods = [method for method in dict.fromkeys(result.method for result in results) if method != CLEAR]
    faces = {method: judge.shown(method, _SHOWN) for method in methods}
    words = [_head(judge), _SHARES]
    with publish(folder / "table.md", overwrite=True) as draft:
        draft.write_text(as_text(judge, tables, level=2), "utf-8")
    with publish(folder / "report.html", overwrite=True) as draft:
        draft.write_text(render(words, results, tables, faces, 1 / judge.people), "utf-8")


def _head(judge: Judge) -> str:
    left_out = f"; {judge.faceless} without a face are left out" if judge.faceless else ""
    return f"{len(judge.pictures)} pictures of {judge.people} people, chance {100 / judge.people:.1f} %{left_out}"
