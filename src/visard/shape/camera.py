"""Room 4, CUT: how the camera moved, told by what stands still; people are left out of account."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Pixels

Matrix3 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LONGEST = 480
"""Pixels of the longer side at which motion is estimated."""

_CORNERS, _WINDOW, _LEVELS = 400, 15, 3
"""Points that are followed, side of the neighbourhood of each, and levels of its pyramid."""

_OFF = 0.75
"""Pixels, at that size, by which a point may stray from the common motion."""

_LEAST, _SHARE = 16, 0.35
"""Points, and share of those followed, that must move as one; fewer, and the scene is lost."""

_FRESH = 0.6
"""Share of a key frame's points below which the frame before becomes the next key: errors add up with keys alone."""

_BENT = 1.15
"""How many times more points a homography must explain than a similarity, which is the steadier one."""

_STILL = 0.2
"""Pixels, at that size, below which the corners of the frame have not moved: a tripod's frames are not resampled."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Where a frame lies in its scene: number of the scene, matrix (3, 3) from the frame's pixels to those of the
    scene's first frame, and gain, by which the frame's light is multiplied to be that frame's."""

    scene: int
    matrix: Matrix3
    gain: float


class Camera:
    """Tells for each frame of a video, in order, where it lies in its scene.

    Source: Lucas and Kanade 1981 in pyramids (Bouguet 2001), from key frames, so that errors do not add up frame by
    frame; the motion by RANSAC (Fischler and Bolles 1981).
    """

    def __init__(self) -> None:
        self._scene = -1
        self._key: NDArray[np.uint8] | None = None
        self._points = np.zeros((0, 1, 2), np.float32)
        self._of_key = View(0, np.eye(3), 1.0)
        self._last = np.eye(3)
        self._before: tuple[NDArray[np.uint8], Flags, View] | None = None

    def __call__(self, pixels: Pixels, moving: Flags, cut: bool) -> View:
        """Return where a frame (H, W, 3) lies; moving: (H, W), what is not followed; cut: whether a cut precedes."""
        grey, moved, scale = _small(pixels, moving)
        view = None if cut or self._key is None else self._follow(grey, moved, scale)
        if view is None and not cut and self._before is not None and self._before[0] is not self._key:
            self._take(*self._before)
            view = self._follow(grey, moved, scale)
        if view is None:
            self._scene += 1
            view = View(self._scene, np.eye(3), 1.0)
            self._take(grey, moved, view)
        self._before = grey, moved, view
        return view

    def _take(self, grey: NDArray[np.uint8], moving: Flags, view: View) -> None:
        """Make a frame the key."""
        still = (~moving).astype(np.uint8) * 255
        points = cv2.goodFeaturesToTrack(grey, _CORNERS, 0.005, 6, mask=still)
        self._points = np.zeros((0, 1, 2), np.float32) if points is None else np.asarray(points, np.float32)
        self._key, self._of_key, self._last = grey, view, np.eye(3)

    def _follow(self, grey: NDArray[np.uint8], moving: Flags, scale: float) -> View | None:
        if len(self._points) < _LEAST or self._key is None or grey.shape != self._key.shape:
            return None
        guess = cv2.perspectiveTransform(self._points, self._last).astype(np.float32)
        found, seen, _ = cv2.calcOpticalFlowPyrLK(
            self._key, grey, self._points, guess,
            winSize=(_WINDOW, _WINDOW), maxLevel=_LEVELS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        at = np.clip(np.round(found[:, 0]), 0, np.array(grey.shape[::-1]) - 1).astype(int)
        sure = (np.asarray(seen)[:, 0] > 0) & ~moving[at[:, 1], at[:, 0]]
        start, end = self._points[sure], np.asarray(found)[sure]
        if len(start) < _LEAST:
            return None
        matrix, agree = _motion(start, end)
        if matrix is None or agree.sum() < max(_LEAST, _SHARE * len(start)):
            return None
        height, width = grey.shape
        ends = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float32)
        if np.abs(cv2.perspectiveTransform(ends, matrix) - ends).max() < _STILL:
            matrix = np.eye(3)
        self._last = matrix
        gain = self._of_key.gain * _brighter(self._key, grey, start[agree], end[agree])
        large = np.diag([1 / scale, 1 / scale, 1.0]) @ np.linalg.inv(matrix) @ np.diag([scale, scale, 1.0])
        view = View(self._scene, self._of_key.matrix @ large, gain)
        if agree.sum() < _FRESH * len(self._points):
            self._take(grey, moving, view)
        return view


def _small(pixels: Pixels, moving: Flags) -> tuple[NDArray[np.uint8], Flags, float]:
    scale = min(1.0, _LONGEST / max(moving.shape))
    size = tuple(max(1, round(side * scale)) for side in moving.shape[::-1])
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    covered = cv2.resize(moving.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    return np.asarray(grey, np.uint8), cv2.dilate(covered.astype(np.uint8), np.ones((9, 9))) > 0, scale


def _motion(start: NDArray[np.float32], end: NDArray[np.float32]) -> tuple[Matrix3 | None, Flags]:
    """Return the (3, 3) motion of points between two frames, and who of them moved so."""
    nobody = np.zeros(len(start), np.bool_)
    flat, of_flat = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=_OFF)
    bent, of_bent = cv2.findHomography(start, end, cv2.RANSAC, _OFF)
    rigid = nobody if flat is None else np.asarray(of_flat)[:, 0] > 0
    free = nobody if bent is None else np.asarray(of_bent)[:, 0] > 0
    if flat is not None and free.sum() <= _BENT * rigid.sum():
        return np.vstack([flat, (0, 0, 1)]).astype(np.float64), rigid
    return (None if bent is None else np.asarray(bent, np.float64)), free


def _brighter(
    key: NDArray[np.uint8], now: NDArray[np.uint8], start: NDArray[np.float32], end: NDArray[np.float32]
) -> float:
    """Return by what the light of now is multiplied to be the key's, at points that both show."""
    one, two = (_at(np.asarray(cv2.blur(grey, (9, 9)), np.uint8), at) for grey, at in ((key, start), (now, end)))
    return float(np.clip(np.median((one + 1) / (two + 1)), 0.5, 2.0))


def _at(grey: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float64]:
    x, y = np.clip(np.round(points[:, 0]), 0, np.array(grey.shape[::-1]) - 1).astype(int).T
    return np.asarray(grey[y, x], np.float64)
