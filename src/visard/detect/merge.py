"""One face, one region: what tiles, scales and turns found twice becomes one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.types import Box, Kind, Region

Found = NDArray[np.float32]
"""(N, 16): box x0 y0 x1 y1, score, five points x y, and 1 where whole, 0 where a tile's border cut it."""

COLUMNS = 16
SCORE = 4
POINTS = slice(5, 15)
WHOLE = 15
_XS = [0, 2, 5, 7, 9, 11, 13]
_YS = [1, 3, 6, 8, 10, 12, 14]


def nothing() -> Found:
    """Return an empty (0, 16) find."""
    return np.zeros((0, COLUMNS), np.float32)


def merge(found: Found, iou: float = 0.3, inside: float = 0.6) -> Found:
    """Return one row for each face, best first.

    Rows that overlap by more than `iou` are one face: the whole one wins over one that a border cut, then
    the better score; the winner takes the best score of all. A cut row that lies by more than `inside` of
    its area in a winner is a piece of it.
    """
    rows = found[np.lexsort((-found[:, SCORE], -found[:, WHOLE]))]
    kept: list[Found] = []
    while len(rows):
        first = rows[0].copy()
        same = _same(first, rows, iou, inside)
        same[0] = True
        first[SCORE] = rows[same, SCORE].max()
        kept.append(first)
        rows = rows[~same]
    merged = np.stack(kept) if kept else nothing()
    return merged[np.argsort(-merged[:, SCORE], kind="stable")]


def stretch(found: Found, across: float, down: float, x: float = 0.0, y: float = 0.0) -> Found:
    """Return the rows with coordinates multiplied by (across, down) and then moved by (x, y) pixels."""
    result = found.copy()
    result[:, _XS] = found[:, _XS] * across + x
    result[:, _YS] = found[:, _YS] * down + y
    return result


def regions(found: Found, height: int, width: int, kind: Kind = "face", points: int = 5) -> list[Region]:
    """Return the rows as regions of one kind, their boxes clipped to a picture of the given size in pixels.

    points: how many of a row's five are to be had.
    Rows that lie outside the picture or hold a number that is not finite are dropped.
    """
    results = []
    for row in found[np.isfinite(found).all(axis=1)]:
        x0, y0, x1, y1 = (float(v) for v in row[:4])
        box = Box(max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1))
        if box.area > 0:
            own = row[POINTS].reshape(5, 2)[:points].copy() if points else None
            results.append(Region(kind, box, float(row[SCORE]), own))
    return results


def _same(first: Found, rows: Found, iou: float, inside: float) -> NDArray[np.bool_]:
    size = np.minimum(first[2:4], rows[:, 2:4]) - np.maximum(first[:2], rows[:, :2])
    both = np.prod(np.maximum(size, 0), axis=1)
    areas = np.prod(np.maximum(rows[:, 2:4] - rows[:, :2], 0), axis=1)
    either = float(np.prod(np.maximum(first[2:4] - first[:2], 0))) + areas - both
    piece = (rows[:, WHOLE] == 0) & (both > inside * areas)
    same: NDArray[np.bool_] = (both > iou * np.maximum(either, 1e-6)) | piece
    return same
