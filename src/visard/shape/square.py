"""Room 4, CUT: an upright aligned square for methods that compare faces pixel by pixel, and the way back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.similarity import Matrix, Value, fit, scale_of, warp
from visard.types import Deidentifier, Mask, Patch, Pixels

TEMPLATE = np.array([[0.395, 0.439], [0.605, 0.439], [0.5, 0.558], [0.413, 0.656], [0.587, 0.656]], np.float32)
"""Where eyes, nose tip and mouth corners lie, in sides of the square: the mean face of 150 LFW photos and 25 group
photos, whose hidden oval then just fits in nine of ten cases."""

_SMALLEST_SHARE = 0.3
"""A hidden part that spans less of the square than this was placed by points that are no face's."""


def through_square(method: Deidentifier, patch: Patch) -> Pixels:
    """Return the method's new pixels (h, w, 3) uint8 for a window, by way of its aligned square if it wants one.

    Every pixel of the window is new: what the square does not reach continues its border.
    """
    if method.size is None:
        return method(patch)
    to_square = alignment(patch, method.size)
    new = method(align(patch, to_square, method.size))
    if new.shape != (method.size, method.size, 3) or new.dtype != np.uint8:
        raise AssertionError(f"{method.name} returned {new.dtype} {new.shape} for a square of {method.size}")
    height, width = patch.mask.shape
    return see(new, invert(to_square), height, width, enlarge=cv2.INTER_CUBIC)


def align(patch: Patch, to_square: Matrix, size: int) -> Patch:
    """Return the patch as a size x size square; mask and points follow, and to_frame leads from the square."""
    mask = see(patch.mask, to_square, size, size, cv2.BORDER_CONSTANT)
    points = None if patch.points is None else _move(patch.points, to_square).astype(np.float32)
    to_frame = _compose(patch.to_frame.astype(np.float64), invert(to_square)).astype(np.float32)
    pixels = see(patch.pixels, to_square, size, size, enlarge=cv2.INTER_CUBIC)
    return replace(patch, pixels=pixels, mask=mask, points=points, to_frame=to_frame)


def alignment(patch: Patch, size: int) -> Matrix:
    """Return the similarity (2, 3) from a window to its size x size square, which encloses all that is hidden.

    Five points are laid on `TEMPLATE` by least squares (Umeyama 1991); without them, or where they are no
    face's, the hidden part is centred. Where it would stick out, the square shows more.
    """
    hidden = corners(patch.mask)
    if patch.points is not None and len(patch.points) == len(TEMPLATE) and np.isfinite(patch.points).all():
        fitted = fit(patch.points, TEMPLATE * size)
        if np.isfinite(fitted).all() and scale_of(fitted) > 0:
            enclosing = enclose(fitted, hidden, size)
            if np.ptp(_move(hidden, enclosing), axis=0).max() >= _SMALLEST_SHARE * size:
                return enclosing
    centre, side = (hidden.min(axis=0) + hidden.max(axis=0)) / 2, float(np.ptp(hidden, axis=0).max())
    scale = size / max(side, 1.0)
    return np.column_stack([np.eye(2) * scale, size / 2 - scale * centre])


def see(
    values: NDArray[Value],
    matrix: Matrix,
    height: int,
    width: int,
    border: int = cv2.BORDER_REPLICATE,
    enlarge: int = cv2.INTER_LINEAR,
) -> NDArray[Value]:
    """Return `warp` for a matrix between pixels whose centres lie at one half, as boxes and points have it."""
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    return warp(values, _compose(invert(half), _compose(matrix, half)), height, width, border, enlarge)


def enclose(matrix: Matrix, hidden: NDArray[np.float64], size: int) -> Matrix:
    """Return the map to a square scaled down about the square's centre until the hidden corners lie inside."""
    reach = float(np.abs(_move(hidden, matrix) - size / 2).max())
    if reach <= size / 2:
        return matrix
    shrink = size / 2 / reach
    return np.column_stack([matrix[:, :2] * shrink, (matrix[:, 2] - size / 2) * shrink + size / 2])


def corners(mask: Mask) -> NDArray[np.float64]:
    """Return points (K, 2) around what the mask hides: the ends of its rows and columns; all of it if nothing."""
    inside = mask > 0
    if not inside.any():
        inside = np.ones_like(inside)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, right = inside[rows].argmax(axis=1), inside.shape[1] - inside[rows, ::-1].argmax(axis=1)
    top, bottom = inside[:, columns].argmax(axis=0), inside.shape[0] - inside[::-1, columns].argmax(axis=0)
    ends = [(left, rows), (right, rows), (left, rows + 1), (right, rows + 1)]
    ends += [(columns, top), (columns + 1, top), (columns, bottom), (columns + 1, bottom)]
    return np.concatenate([np.column_stack(end) for end in ends]).astype(np.float64)


def _move(points: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float64]:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _compose(last: Matrix, first: Matrix) -> Matrix:
    return np.column_stack([last[:, :2] @ first[:, :2], last[:, :2] @ first[:, 2] + last[:, 2]])


def invert(matrix: Matrix) -> Matrix:
    """Return the way back."""
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])
