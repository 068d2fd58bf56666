"""The card beside a file that was trained: what it was made of, what it holds, what was measured."""

from __future__ import annotations

from collections.abc import Iterable

Row = tuple[str, str]
"""A name, and what is said of it."""


def render(name: str, first: str, rows: Iterable[Row], sections: Iterable[Row] = ()) -> str:
    """Return a card as Markdown: title, first sentence, a table, and paragraphs that begin with a bold name."""
    table = ["| | |", "|---|---|", *(f"| {_cell(what)} | {_cell(said)} |" for what, said in rows)]
    paragraphs = [f"**{what}** {said}" for what, said in sections]
    return "\n\n".join([f"# {name}", first, "\n".join(table), *paragraphs]) + "\n"


def terms_row(terms: str) -> Row:
    """Return what was said of the data's origin and terms, or that nothing was."""
    return "terms of the data", terms.strip() or "not stated by whoever made this file (`--terms` states them)"


def _cell(text: str) -> str:
    """Return text that cannot end a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")
