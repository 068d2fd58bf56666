"""Room 4, CUT: turn, scale and shift: the maps that bring a face into a standard place and back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Pixels, Points

Matrix = NDArray[np.float64]
"""(2, 3): from (x, y, 1) to (x, y)."""


def fit(points: Points, target: Points) -> Matrix:
    """Return the similarity that brings (K, 2) points nearest to (K, 2) target points, K at least 2.

    Least squares in closed form, with points as complex numbers; no reflection (Umeyama 1991 in the plane).
    """
    ours, theirs = (np.asarray(p, np.float64) @ (1.0, 1.0j) for p in (points, target))
    a, b = ours - ours.mean(), theirs - theirs.mean()
    turn = np.vdot(a, b) / max(float(np.vdot(a, a).real), 1e-12)
    shift = theirs.mean() - turn * ours.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def scale_of(matrix: Matrix) -> float:
    """Return by what factor a similarity stretches lengths."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def warp(pixels: Pixels, matrix: Matrix, height: int, width: int, border: int = cv2.BORDER_REPLICATE) -> Pixels:
    """Return (height, width, 3) pixels drawn from (H, W, 3) pixels through a similarity, without aliasing."""
    # A warp alone would alias what it shrinks: whole steps are averaged first.
    step = round(1 / max(scale_of(matrix), 1e-6))
    if step > 1:
        small = max(1, pixels.shape[1] // step), max(1, pixels.shape[0] // step)
        shrink = pixels.shape[1] / small[0], pixels.shape[0] / small[1]
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
        # Pixel centres lie at half numbers, for a reduction as for everything else.
        grow = np.array([[shrink[0], 0, shrink[0] / 2 - 0.5], [0, shrink[1], shrink[1] / 2 - 0.5], [0, 0, 1]])
        matrix = matrix @ grow
    flat = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(flat, np.uint8)
