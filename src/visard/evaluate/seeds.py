"""The seeds' tables: the published rows, and ours beside them, each cell with the name of what was really measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from visard.evaluate.results import CLEAR, NO_RECOGNISER, Result
from visard.evaluate.table import Table, cell


def reproduce(name: str, results: Sequence[Result]) -> list[Table]:
    """Return a seed's tables with the published rows, then one row for each measured set of pictures.

    A cell that was not measured is empty, and the reason stands under the table; so does the difference of protocol.
    """
    content = tomllib.loads(files("visard.evaluate").joinpath("tables", f"{name}.toml").read_text("utf-8"))
    return [_fill_in(table, results) for table in content["tables"]]


def _fill_in(table: Mapping[str, Any], results: Sequence[Result]) -> Table:
    measured = {(r.method, r.group): {score.name: score for score in r.scores} for r in results}
    columns = table["columns"]
    # Rows of which no column was tried would be empty: the reasons alone are printed.
    wanted = {(column.get("group", ""), name) for column in columns for name in _listed(column)}
    told = {r.method for r in results for score in r.scores if (r.group, score.name) in wanted}
    methods = [method for method in dict.fromkeys(r.method for r in results) if method in told]
    rows = [[f"{row[0]} (published)", *row[1:]] for row in table["published"]]
    reasons: dict[str, list[str]] = {}
    cells: list[list[str]] = [[] for _ in methods]
    for column in columns:
        group, measures = column.get("group", ""), _listed(column)
        empty: dict[str, list[str]] = {column["reason"]: methods} if "reason" in column else {}
        for method, row in zip(methods, cells, strict=True):
            known = measured.get((method, group), {})
            scores = [score for name in measures if (score := known.get(name)) is not None]
            score = next((score for score in scores if score.value is not None), None)
            row.append("" if score is None else f"{cell(score)} {_source(score.name, group)}")
            if measures and score is None:
                why = scores[-1].reason if scores else f"{_source(measures[-1], group)} was not measured"
                empty.setdefault(why, []).append(method)
        for why, rows_of in empty.items():
            where = "" if len(rows_of) == len(methods) else f" of {'; '.join(rows_of)}"
            reasons.setdefault(why, []).append(f"{column['head']}{where}")
    rows += [[f"visard: {method}", *row] for method, row in zip(methods, cells, strict=True)]
    notes = [f"empty, {', '.join(heads)}: {why}" for why, heads in reasons.items()]
    ours = [f"`{CLEAR}` is what nothing hidden gives."] if methods else []
    return Table(
        table["title"], ["method", *(c["head"] for c in columns)], rows, [*notes, *ours, *table.get("notes", ())]
    )


def _listed(column: Mapping[str, Any]) -> list[str]:
    """Return the measures for a column's place, best first: a substitute counts where the one before is absent."""
    return [str(name) for name in column.get("measures", ())]


def _source(measure: str, group: str) -> str:
    """Return the name of what is measured, and by whom, where that is a recogniser."""
    return measure if group in NO_RECOGNISER else f"{measure} by {group}"
