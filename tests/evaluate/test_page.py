"""Plots by where their marks lie, and the judge's page by what it holds."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from visard.attack.score import Score, absent, rate
from visard.evaluate.page import render, strongest
from visard.evaluate.plot import Line, draw_shares, draw_tradeoff
from visard.evaluate.results import CLEAR, CONTEXT, PICTURES, Result


def circles(svg: str, colour: str) -> list[tuple[float, float]]:
    found = [e.attrib for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}circle")]
    return [(float(e["cx"]), float(e["cy"])) for e in found if e["fill"] == colour]


def results() -> list[Result]:
    made = []
    for method, hits, likeness in ((CLEAR, 40, 1.0), ("blur:strength=0.9", 2, 0.5), ("blur:strength=0.1", 20, 0.9)):
        made.append(Result("x", method, "dlib", (rate("rank-1", hits, 40), rate("parrot rank-1", hits // 2, 40))))
        made.append(Result("x", method, PICTURES, (Score("SSIM", likeness, 40), absent("fd_mobilenetv2", "no torch"))))
    return made


def test_marks_lie_where_the_shares_are() -> None:
    svg = draw_shares({"fill": {"a": rate("r", 0, 10), "b": rate("r", 5, 10)}, "blur": {"a": rate("r", 10, 10)}}, 0.1)
    (_, low), (_, high), (_, half) = circles(svg, "#2f7ed8")[1], circles(svg, "#2f7ed8")[2], circles(svg, "#d9662b")[1]
    xs = [circles(svg, "#2f7ed8")[1][0], circles(svg, "#2f7ed8")[2][0], circles(svg, "#d9662b")[1][0]]
    assert xs[2] == pytest.approx((xs[0] + xs[1]) / 2) and xs[0] < xs[1]
    assert low < half < high, "one row below the other"


def test_a_line_joins_the_strengths_and_what_is_absent_leaves_a_gap() -> None:
    points = [(rate("r", 1, 4), Score("q", 0.2, 4)), (rate("r", 2, 4), Score("q", 0.8, 4))]
    gap = (rate("r", 4, 4), absent("q", "none"))
    svg = draw_tradeoff(
        [Line("a<b", [*points, gap], ["1", "2", "3"]), Line("ref", points[:1], ["ref"], True)], "x", "y"
    )
    assert len(circles(svg, "#2f7ed8")) == 3, "two points, and the legend"
    assert len(circles(svg, "#8a8a8a")) == 1
    assert 'fill="none"' in svg and "a&lt;b" in svg


def test_nothing_to_plot_is_still_a_plot() -> None:
    for svg in (draw_shares({}, 0.5), draw_tradeoff([], "x", "y")):
        ET.fromstring(svg)


def test_the_page_joins_strengths_and_shows_no_clear_face() -> None:
    face = np.zeros((20, 30, 3), np.uint8)
    page = render(["<b>"], results(), [], {CONTEXT: [face], "blur:strength=0.1": [face, face]}, 0.025)
    assert page.count("data:image/jpeg") == 3 and "&lt;b&gt;" in page
    assert len(re.findall('fill="none"', page)) == 1, "one trade-off, of what could be computed, with one line"
    with pytest.raises(AssertionError):
        render([], results(), [], {CLEAR: [face]}, 0.5)


def test_the_strongest_attack_counts() -> None:
    best = strongest(results(), "blur:strength=0.1")
    assert best is not None and best.value == 0.5
    assert strongest(results(), "fill") is None
