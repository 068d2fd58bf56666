"""Plots as SVG text: marks with intervals, row by row, and points in a plane, joined where they belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from visard.attack.score import Score

COLOURS = ("#2f7ed8", "#d9662b", "#3a9d5d", "#a05fc0", "#c2a01d", "#cf4d7c", "#3aa6a6", "#8c6d46")
"""Of marks and lines, in this order and again from the start; readable on black and on white."""

_ROW, _LEFT, _WIDTH, _RIGHT = 13, 310, 560, 24
"""Pixels: height of a row's mark, room for its name, breadth of the plane, room beside it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one method, joined in their order: (x, y) scores, each with a label. quiet: a point of reference."""

    name: str
    points: Sequence[tuple[Score, Score]]
    labels: Sequence[str]
    quiet: bool = False


def draw_shares(rows: Mapping[str, Mapping[str, Score]], chance: float) -> str:
    """Return a plot of shares with their intervals: one row a name, one mark for each named score, and chance.

    rows: row -> mark -> score; absent scores leave a gap. Shares run from 0 to 1.
    """
    marks = list(dict.fromkeys(mark for scores in rows.values() for mark in scores))
    height = sum(_ROW * len(marks) + 10 for _ in rows)
    parts = [_legend({mark: COLOURS[i % len(COLOURS)] for i, mark in enumerate(marks)}, _LEFT, 14)]
    top, y = 30, 30.0
    parts += [_tick(_LEFT + share * _WIDTH, top, height, f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)]
    for row, scores in rows.items():
        middle = y + (_ROW * len(marks) + 10) / 2
        parts.append(_text(_LEFT - 10, middle + 4, row, "end"))
        parts.append(f'<path d="M0 {y:.1f}H{_LEFT + _WIDTH}" stroke="currentColor" opacity=".15"/>')
        for i, mark in enumerate(marks):
            if mark in scores:
                parts.append(_whisker(scores[mark], y + 5 + _ROW * (i + 0.5), COLOURS[i % len(COLOURS)]))
        y += _ROW * len(marks) + 10
    x = _LEFT + chance * _WIDTH
    parts.append(f'<path d="M{x:.1f} {top}V{top + height}" stroke="currentColor" stroke-dasharray="3 3"/>')
    parts.append(_text(x, top + height + 32, "chance", "middle"))
    return _svg(_LEFT + _WIDTH + _RIGHT, top + height + 40, parts)


def draw_tradeoff(lines: Sequence[Line], across: str, up: str) -> str:
    """Return a plot of points in a plane, those of one line joined; across, up: what the axes say.

    x is a share, with its interval; y runs over the values that there are. Points that lack either are left out.
    """
    known = [(n, line, x, y, label) for n, line in enumerate(lines)
             for (x, y), label in zip(line.points, line.labels, strict=True)
             if x.value is not None and y.value is not None]  # fmt: skip
    values = [y.value for _, _, _, y, _ in known if y.value is not None] or [0.0, 1.0]
    low, high = min(0.0, *values), max(values) or 1.0
    left, top, width, height = 70, 24, 520, 330
    parts = [_tick(left + share * width, top, height, f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)]

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x * width, top + height * (1 - (y - low) / (high - low))

    for step in range(5):
        value = low + (high - low) * step / 4
        at = place(0, value)[1]
        parts.append(f'<path d="M{left} {at:.1f}h{width}" stroke="currentColor" opacity=".15"/>')
        parts.append(_text(left - 8, at + 4, f"{value:.3g}", "end"))
    parts.append(_text(left + width / 2, top + height + 38, across, "middle"))
    parts.append(f'<g transform="translate(14 {top + height / 2:.0f}) rotate(-90)">{_text(0, 0, up, "middle")}</g>')
    colours = {line.name: _colour(lines, line) for line in lines}
    for n, line in enumerate(lines):
        spots = [place(x.value or 0.0, y.value or 0.0) for m, _, x, y, _ in known if m == n]
        if len(spots) > 1:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colours[line.name]}" stroke-width="1.5"/>')
    for _, line, x, y, label in known:
        spot, colour = place(x.value or 0.0, y.value or 0.0), colours[line.name]
        if x.low is not None and x.high is not None:
            ends = place(x.low, 0)[0], place(x.high, 0)[0]
            parts.append(f'<path d="M{ends[0]:.1f} {spot[1]:.1f}H{ends[1]:.1f}" stroke="{colour}" opacity=".5"/>')
        parts.append(f'<circle cx="{spot[0]:.1f}" cy="{spot[1]:.1f}" r="4.5" fill="{colour}"/>')
        aside, anchor = (-7, "end") if line.quiet else (7, "start")
        parts.append(_text(spot[0] + aside, spot[1] - 6, label, anchor, 10))
    loud = {line.name: colours[line.name] for line in lines if not line.quiet}
    parts.append(_legend(loud, left + width + 50, top + 12, down=True))
    return _svg(left + width + 260, top + height + 48, parts)


def _colour(lines: Sequence[Line], line: Line) -> str:
    loud = [each.name for each in lines if not each.quiet]
    return "#8a8a8a" if line.quiet else COLOURS[loud.index(line.name) % len(COLOURS)]


def _whisker(score: Score, y: float, colour: str) -> str:
    if score.value is None:
        return ""
    low = score.value if score.low is None else score.low
    high = score.value if score.high is None else score.high
    x0, x1, x = (_LEFT + share * _WIDTH for share in (low, high, score.value))
    return (
        f'<path d="M{x0:.1f} {y:.1f}H{x1:.1f}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    )


def _tick(x: float, top: float, height: float, label: str) -> str:
    line = f'<path d="M{x:.1f} {top}v{height}" stroke="currentColor" opacity=".15"/>'
    return line + _text(x, top + height + 16, label, "middle")


def _legend(colours: Mapping[str, str], x: float, y: float, down: bool = False) -> str:
    parts = []
    for name, colour in colours.items():
        parts.append(f'<circle cx="{x:.1f}" cy="{y - 4:.1f}" r="4" fill="{colour}"/>{_text(x + 9, y, name, "start")}')
        x, y = (x, y + 18) if down else (x + 24 + 7 * len(name), y)
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="currentColor">'
        f"{escape(text)}</text>"
    )


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'font-family="system-ui, sans-serif" role="img">{"".join(parts)}</svg>'
    )
