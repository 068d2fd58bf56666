"""Piecewise-affine warps: exact where they must be, whole where they need not."""

from __future__ import annotations

import numpy as np
import pytest

from visard.shape.piecewise import frame, grid, triangulate

SIZE = 40
INNER = np.array([[12, 14], [27, 13], [20, 22], [14, 30], [27, 29], [20, 5]], np.float32)
POINTS = np.concatenate([INNER, frame(SIZE)])
RAMP = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=2).astype(np.float32)
PLACES = np.concatenate([RAMP + 0.5, RAMP[..., :1]], axis=2)  # each pixel says where it is


def test_triangles_cover_the_square_without_overlap() -> None:
    triangles = triangulate(POINTS, SIZE)
    corners = POINTS[triangles].astype(float)
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    assert np.isclose(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum() / 2, SIZE * SIZE)


def test_weights_place_every_pixel() -> None:
    own = grid(POINTS, triangulate(POINTS, SIZE), SIZE)
    assert np.allclose(own.weights.sum(axis=2), 1) and (own.weights > -1e-6).all()
    assert np.abs(np.einsum("yxcd,yxc->yxd", POINTS[own.corners], own.weights) - PLACES[..., :2]).max() < 1e-4


def test_the_same_places_change_nothing() -> None:
    own = grid(POINTS, triangulate(POINTS, SIZE), SIZE)
    assert np.abs(own.pull(PLACES, POINTS) - PLACES).max() < 1e-3


def test_a_point_takes_its_pixel_along() -> None:
    moved = POINTS.copy()
    moved[2] += [3, -4]
    pulled = grid(moved, triangulate(POINTS, SIZE), SIZE).pull(PLACES, POINTS)
    x, y = moved[2]
    around = pulled[int(y) - 1 : int(y) + 1, int(x) - 1 : int(x) + 1, :2].mean(axis=(0, 1))
    assert np.abs(around - POINTS[2]).max() < 1.0
    assert np.abs(pulled[[0, -1]] - PLACES[[0, -1]]).max() < 1e-3, "the frame stays"


@pytest.mark.parametrize("twin", [0, 2])
def test_points_that_fall_together_or_cross_are_no_error(twin: int) -> None:
    odd = POINTS.copy()
    odd[1] = odd[twin]
    triangles = triangulate(odd, SIZE)
    assert np.isfinite(grid(odd, triangles, SIZE).pull(PLACES, POINTS)).all()
    crossed = POINTS.copy()
    crossed[[0, 1]] = crossed[[1, 0]]
    assert np.isfinite(grid(crossed, triangulate(POINTS, SIZE), SIZE).pull(PLACES, POINTS)).all()
