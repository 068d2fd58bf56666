"""Room 4, CUT: piecewise-affine warps between two placements of the same points on a square."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Points

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where every pixel of a square lies among triangles: corners (s, s, 3) as point numbers, weights (s, s, 3)."""

    corners: NDArray[np.intp]
    weights: Floats

    def pull(self, picture: Floats, points: Points) -> Floats:
        """Return the picture (h, w, 3) float32 as it looks when its points (K, 2) move to the grid's places."""
        places = np.einsum("yxcd,yxc->yxd", points[self.corners], self.weights) - np.float32(0.5)
        away = np.ascontiguousarray(places, np.float32)
        moved = cv2.remap(picture, away[..., 0], away[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)


def frame(size: int) -> Points:
    """Return the (8, 2) corners and middles of a square's sides, which hold its border in place."""
    steps = [(x, y) for y in (0, 0.5, 1) for x in (0, 0.5, 1) if (x, y) != (0.5, 0.5)]
    return np.array(steps, np.float32) * size


def triangulate(points: Points, size: int) -> NDArray[np.intp]:
    """Return the Delaunay triangles (T, 3), as point numbers, of points (K, 2) inside or on a square.

    Points that fall together count as one.
    """
    numbers: dict[tuple[float, float], int] = {}
    division = cv2.Subdiv2D((-1, -1, size + 2, size + 2))
    for number, (x, y) in enumerate(np.clip(points, 0, size).astype(np.float32).tolist()):
        if numbers.setdefault((x, y), number) == number:
            division.insert((x, y))
    corners = np.asarray(division.getTriangleList(), np.float32).reshape(-1, 3, 2)
    known = [[numbers.get((x, y), -1) for x, y in triangle] for triangle in corners.tolist()]
    return np.array([triangle for triangle in known if min(triangle) >= 0], np.intp).reshape(-1, 3)


def grid(points: Points, triangles: NDArray[np.intp], size: int) -> Grid:
    """Return the triangle and barycentric weights of each pixel's centre of a size x size square.

    Where triangles overlap, because points crossed, the last one counts; a pixel in none takes the point nearest to it.
    """
    centres = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=2).astype(np.float64) + 0.5
    nearest = np.square(centres[:, :, None] - points[None, None]).sum(axis=3).argmin(axis=2)
    corners = np.repeat(nearest[..., None], 3, axis=2)
    weights = np.zeros((size, size, 3), np.float32)
    weights[..., 0] = 1.0
    for triangle in triangles:
        a, b, c = points[triangle].astype(np.float64)
        sides = np.column_stack([b - a, c - a])
        if abs(np.linalg.det(sides)) < 1e-9:
            continue
        low = np.clip(np.floor(np.minimum(np.minimum(a, b), c)).astype(int), 0, size)
        high = np.clip(np.ceil(np.maximum(np.maximum(a, b), c)).astype(int), 0, size)
        cells = np.s_[low[1] : high[1], low[0] : high[0]]
        beta = (centres[cells] - a) @ np.linalg.inv(sides).T
        share = np.concatenate([1.0 - beta.sum(axis=2, keepdims=True), beta], axis=2)
        inside = (share >= -1e-9).all(axis=2)
        corners[cells][inside] = triangle
        weights[cells][inside] = share[inside]
    return Grid(corners, weights)
