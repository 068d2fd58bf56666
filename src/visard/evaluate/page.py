"""The judge's page: one self-contained HTML file with the tables, plots and a contact sheet of hidden faces."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

from PIL import Image

from visard import __version__
from visard.attack.score import Score
from visard.evaluate.plot import Line, draw_shares, draw_tradeoff
from visard.evaluate.results import CLEAR, PICTURES, REFERENCES, Result, is_attack, shown_to
from visard.evaluate.table import Table
from visard.report.layout import page
from visard.types import Pixels

_SIDE = 128
"""Pixels of a face on the contact sheet."""

_RECOGNISED = ("rank-1", "own rank-1", "parrot rank-1")
"""Shares of people who are named; the highest, over all recognisers, is what a method leaves to an attacker."""

_QUALITY = {
    "SSIM": "SSIM with the clear picture (more is closer)",
    "CenterFace same place": "share of faces still found in their place",
    "fd_mobilenetv2": "fd_mobilenetv2 (less looks more natural)",
}

_STYLE = """
.wide { overflow-x: auto } section { margin: 0 0 2.5rem } svg { max-width: 100%; height: auto }
.wide table { width: auto } .wide td, .wide th { white-space: nowrap; padding-right: 1rem }
figure { margin: .8rem 0 } figcaption { color: var(--quiet); font-size: .85rem } .sheet img { border-radius: .3rem }
.sheet { display: grid; grid-template-columns: 16rem 1fr; gap: .3rem; align-items: center }
.sheet div { display: flex; gap: .3rem }
"""


def render(
    words: Sequence[str],
    results: Sequence[Result],
    tables: Sequence[Table],
    faces: Mapping[str, Sequence[Pixels]],
    chance: float,
) -> str:
    """Return the page of an evaluation; faces: the hidden faces to show for each method, never a clear one."""
    assert CLEAR not in faces, "what is clear is never shown"
    body = [_shares(results, chance), _tradeoffs(results), _sheet(faces), *map(_table, tables)]
    heading = "What the burglar still recognised"
    return page("visard evaluation", heading, [*words, f"visard {__version__}"], "".join(body), _STYLE)


def strongest(results: Sequence[Result], method: str) -> Score | None:
    """Return the score of the attack that names most people of a method, over all recognisers; None without any."""
    scores = [score for result in results if result.method == method and is_attack(result)
              for score in result.scores if score.name in _RECOGNISED and score.value is not None]  # fmt: skip
    return max(scores, key=lambda score: score.value or 0.0, default=None)


def _shares(results: Sequence[Result], chance: float) -> str:
    plots = []
    for name in ("rank-1", "parrot rank-1"):
        rows: dict[str, dict[str, Score]] = {}
        for result in results:
            found = [score for score in result.scores if score.name == name]
            if found and is_attack(result):
                row, mark = shown_to(result)
                rows.setdefault(row, {})[mark] = found[0]
        caption = f"{name}: share of people who are named, with the 95 % Wilson interval."
        plots.append(_figure(draw_shares(rows, chance), caption))
    return _section("Who is recognised", "".join(plots))


def _tradeoffs(results: Sequence[Result]) -> str:
    plots = []
    for quality, words in _QUALITY.items():
        lines = _lines(results, quality)
        if any(y.value is not None for line in lines for _, y in line.points):
            across = "named by the strongest attacker (less is more private)"
            plots.append(_figure(draw_tradeoff(lines, across, words), f"Privacy against {quality}."))
    note = "The strongest attacker is the highest of rank-1, own rank-1 and parrot rank-1 over all recognisers."
    return _section("Privacy against quality", f'<p class="quiet">{note}</p>{"".join(plots)}')


def _lines(results: Sequence[Result], quality: str) -> list[Line]:
    """Return one line a method, its strengths in order; the references are points of their own."""
    points: dict[str, list[tuple[float, str, Score, Score]]] = {}
    for result in results:
        best = strongest(results, result.method)
        if result.group != PICTURES or best is None:
            continue
        line, strength = _split(result.method)
        for score in result.scores:
            if score.name == quality:
                label = line if line in REFERENCES else "" if strength is None else f"{strength:g}"
                points.setdefault(line, []).append((strength or 0.0, label, best, score))
    lines = []
    for name, found in points.items():
        ordered = sorted(found, key=lambda each: each[0])
        shown = [(x, y) for _, _, x, y in ordered]
        lines.append(Line(name, shown, [label for _, label, _, _ in ordered], name in REFERENCES))
    return lines


def _split(method: str) -> tuple[str, float | None]:
    """Return a method without its strength, and its strength where one is given."""
    name, *pairs = method.split(":")
    rest = [pair for pair in pairs if not pair.startswith("strength=")]
    given = [pair.removeprefix("strength=") for pair in pairs if pair.startswith("strength=")]
    return ":".join([name, *rest]), float(given[-1]) if given else None


def _sheet(faces: Mapping[str, Sequence[Pixels]]) -> str:
    rows = []
    for method, shown in faces.items():
        images = "".join(f'<img alt="" src="data:image/jpeg;base64,{_small(face)}">' for face in shown)
        rows.append(f"<span>{escape(method)}</span><div>{images}</div>")
    note = '<p class="quiet">Hidden faces alone; the page holds no clear one.</p>'
    return _section("What it looks like", f'{note}<div class="wide"><div class="sheet">{"".join(rows)}</div></div>')


def _small(pixels: Pixels) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return base64.b64encode(buffer.getvalue()).decode()


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    notes = "".join(f'<p class="quiet">{escape(note)}</p>' for note in table.notes)
    return _section(table.title, f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>{notes}')


def _figure(drawing: str, caption: str) -> str:
    return f'<figure class="wide">{drawing}<figcaption>{escape(caption)}</figcaption></figure>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"
