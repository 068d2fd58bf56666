"""Room 4, CUT: turn, scale and shift: the maps that bring a face into a standard place and back."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", np.uint8, np.float32)

Matrix = NDArray[np.float64]
"""(2, 3): from (x, y, 1) to (x, y)."""


def fit(points: NDArray[np.floating], target: NDArray[np.floating]) -> Matrix:
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


def warp(
    values: NDArray[Value], matrix: Matrix, height: int, width: int,
    border: int = cv2.BORDER_REPLICATE, enlarge: int = cv2.INTER_LINEAR,
) -> NDArray[Value]:  # fmt: skip
    """Return (height, width, ...) values drawn from (H, W) or (H, W, 3) ones through a similarity, without aliasing.

    enlarge: OpenCV's interpolation between the values.
    """
    # A warp alone would alias what it shrinks: whole steps are averaged first.
    step = round(1 / max(scale_of(matrix), 1e-6))
    if step > 1:
        small = max(1, values.shape[1] // step), max(1, values.shape[0] // step)
        shrink = values.shape[1] / small[0], values.shape[0] / small[1]
        values = np.asarray(cv2.resize(values, small, interpolation=cv2.INTER_AREA), values.dtype)
        # Pixel centres lie at half numbers, for a reduction as for everything else.
        grow = np.array([[shrink[0], 0, shrink[0] / 2 - 0.5], [0, shrink[1], shrink[1] / 2 - 0.5], [0, 0, 1]])
        matrix = matrix @ grow
    flat = cv2.warpAffine(values, matrix, (width, height), flags=enlarge, borderMode=border)
    return np.asarray(flat, values.dtype)
