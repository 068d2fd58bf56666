"""Similarities: what is brought into place lies in place, and nothing aliases."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visard.shape.similarity import fit, scale_of, warp
from visard.types import Pixels

FIVE = np.array([(30, 40), (70, 42), (50, 60), (35, 80), (66, 81)], np.float32)


@given(st.floats(0.05, 20), st.floats(-3.1, 3.1), st.floats(-500, 500), st.floats(-500, 500))
def test_a_similarity_is_found_again(scale: float, angle: float, x: float, y: float) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = fit(FIVE, (FIVE @ turn.T + (x, y)).astype(np.float32))
    assert np.allclose(matrix[:, :2], turn, atol=1e-3 * scale + 1e-4)
    assert np.isclose(scale_of(matrix), scale, rtol=1e-2)


def test_points_in_one_place_give_no_nonsense() -> None:
    assert np.isfinite(fit(np.ones((5, 2), np.float32), FIVE)).all()


def test_a_picture_shrinks_without_aliasing_and_stays_in_place() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warp(stripes, np.array([[0.125, 0, -0.4375], [0, 0.125, -0.4375]]), 50, 50)
    assert abs(int(small[10:40, 10:40].astype(int).mean()) - 127) < 3 and small[10:40, 10:40].std() < 3
    square = np.zeros((400, 400, 3), np.uint8)
    square[160:240, 160:240] = 255
    small = warp(square, np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]]), 100, 100)
    assert small[40:60, 40:60].min() > 200 and small[:39].max() < 60 and small[:, 61:].max() < 60


def test_a_turn_and_its_way_back(astronaut: Pixels) -> None:
    turned = warp(astronaut, np.array([[0, -1, 511], [1, 0, 0.0]]), 512, 512)
    assert np.array_equal(turned, np.rot90(astronaut, -1))
