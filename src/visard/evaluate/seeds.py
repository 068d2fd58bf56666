"""The seeds' tables: the published rows, and ours beside them, each cell with the name of what was really measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from visard.evaluate.judge import CLEAR, Result
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
    # Where no column is ever measured, rows of ours would be empty: the reasons alone are printed.
    methods = list(dict.fromkeys(r.method for r in results)) if any("measure" in column for column in columns) else []
    rows = [[f"{row[0]} (published)", *row[1:]] for row in table["published"]]
    reasons: dict[str, list[str]] = {}
    cells: list[list[str]] = [[] for _ in methods]
    for column in columns:
        scores = [measured.get((m, column.get("group", "")), {}).get(column.get("measure", "")) for m in methods]
        empty: dict[str, list[str]] = {column["reason"]: methods} if "reason" in column else {}
        for method, score, row in zip(methods, scores, cells, strict=True):
            row.append("" if score is None or score.value is None else f"{cell(score)} {_source(column)}")
            if "measure" in column and (score is None or score.value is None):
                why = f"{_source(column)} was not measured" if score is None else score.reason
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


def _source(column: Mapping[str, str]) -> str:
    """Return the name of what is measured, and by whom, where that is a recogniser."""
    return column["measure"] if column["group"] == "pictures" else f"{column['measure']} by {column['group']}"
