"""Outlines of people do not tremble: they are told at one place and scale, and holes of a frame are filled."""

from __future__ import annotations

import numpy as np
import pytest

from visard.outlining import completed, framed
from visard.types import Box, Kind, Points, Region


def person(box: Box, outline: Points | None = None, track: int = 1, kind: Kind = "person") -> Region:
    return Region(kind, box, 0.9, track=track, outline=outline)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32) + 0.5


def area(region: Region) -> float:
    assert region.outline is not None
    x, y = region.outline.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def test_whoever_walks_is_framed_where_they_are_and_as_wide_as_ever() -> None:
    walking = {n: (person(Box(10 * n, 0, 10 * n + (60 if n % 2 else 50), 100)),) for n in range(9)}
    wide = framed(walking)
    for n in range(2, 7):
        box = wide[n, "person", 1]
        assert (box.width, box.height) == (60, 100)
        assert box.centre[0] == pytest.approx(10 * n + 27.5, abs=3)
    # At the ends as many frames before as after have a say: none.
    assert wide[0, "person", 1].centre == (25, 50) and wide[8, "person", 1].centre == (105, 50)


def test_others_and_other_kinds_have_no_say() -> None:
    box, large = Box(0, 0, 10, 20), Box(0, 0, 100, 200)
    beside = (person(large, track=2), person(large, kind="head"))
    assert framed({0: beside, 1: (person(box), *beside), 2: beside})[1, "person", 1] == box


def test_half_a_person_lost_in_one_frame_is_put_back_where_they_have_walked_to() -> None:
    told = {
        n: (person(Box(4 * n, 0, 4 * n + 60, 120), rectangle(4 * n + 10, 10, 4 * n + 50, 60 if n == 3 else 110)),)
        for n in range(7)
    }
    wide = framed(told)
    filled = completed(told, wide, {})
    assert area(filled[3][0]) == pytest.approx(area(filled[2][0]), rel=0.03)
    assert filled[3][0].outline is not None and abs(filled[3][0].outline[:, 0].min() - 22) < 1.5
    assert all(filled[n][0] is told[n][0] for n in (0, 1, 2, 4, 5, 6)), "nobody else changes"
    assert completed(told, wide, told)[3][0] is told[3][0], "what was known is left as it is"


def test_what_only_one_side_shows_is_not_theirs() -> None:
    """Somebody who stretches out an arm is not wider before they do."""
    box = Box(0, 0, 100, 100)
    told = {n: (person(box, rectangle(30, 10, 90 if n >= 3 else 60, 90)),) for n in range(6)}
    assert all(completed(told, framed(told), {})[n][0] is told[n][0] for n in told)


def test_whoever_is_not_told_stays_hidden_by_the_whole_box() -> None:
    box = Box(0, 0, 100, 100)
    told = {n: (person(box, None if n == 2 else rectangle(30, 10, 60, 90)),) for n in range(5)}
    assert completed(told, framed(told), {})[2][0].outline is None
