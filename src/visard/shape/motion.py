"""Room 4, CUT: how a face moved between two frames, told by its pixels: steadier than meshes, and without lag."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.landmarks import Vertices
from visard.shape.similarity import Matrix
from visard.types import Pixels

_EVERY = 4
"""Of the 468 points every so manieth is followed."""

_AROUND = 0.15
"""Shares of the face's size around it that are seen as well."""

_LONGEST = 160
"""Pixels of the longer side at which motion is estimated: a tenth of a pixel there is a thousandth of the face."""

_WINDOW, _LEVELS, _OFF = 15, 2, 1.0
"""Side of the neighbourhood that is followed, levels of its pyramid, and pixels that a point may stray."""

_AGREE = 0.4
"""Share of the points that must move as one; fewer, and the face turned, was covered, or was never seen."""


def follow(then: Pixels, now: Pixels, there: Vertices, here: Vertices) -> Matrix | None:
    """Return the similarity by which a face moved from one (H, W, 3) frame to another, None where it cannot be told.

    there, here: its (468, 3) vertices in both, roughly.
    Source: Lucas and Kanade 1981 in pyramids (Bouguet 2001); the similarity by RANSAC (Fischler and Bolles 1981).
    """
    start, end = (np.ascontiguousarray(v[::_EVERY, :2], np.float64) for v in (there, here))
    low, high = np.minimum(start.min(0), end.min(0)), np.maximum(start.max(0), end.max(0))
    around = _AROUND * float((high - low).max())
    corner = np.maximum(0, np.floor(low - around)).astype(int)
    limit = np.minimum(then.shape[1::-1], np.ceil(high + around)).astype(int)
    if (limit - corner).min() <= 2 * _WINDOW:
        return None
    scale = min(1.0, _LONGEST / float((limit - corner).max()))
    before, after = (_grey(frame[corner[1] : limit[1], corner[0] : limit[0]], scale) for frame in (then, now))
    into = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]], [0, 0, 1]])
    points, guess = (((p - corner) * scale).astype(np.float32)[:, None] for p in (start, end))
    moved, seen, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, guess.copy(),
        winSize=(_WINDOW, _WINDOW), maxLevel=_LEVELS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    sure = np.asarray(seen)[:, 0] > 0
    if np.count_nonzero(sure) < _AGREE * len(points):
        return None
    way, agree = cv2.estimateAffinePartial2D(points[sure], np.asarray(moved)[sure], ransacReprojThreshold=_OFF)
    if way is None or np.count_nonzero(agree) < _AGREE * len(points):
        return None
    return np.asarray((np.linalg.inv(into) @ np.vstack([way, (0, 0, 1)]) @ into)[:2], np.float64)


def _grey(pixels: Pixels, scale: float) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey, np.uint8)
