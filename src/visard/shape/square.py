"""Room 4, CUT: an upright aligned square for methods that compare faces pixel by pixel, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Deidentifier, Mask, Patch, Pixels

Affine = NDArray[np.float64]
"""(2, 3): (x, y, 1) in pixels to (x, y) in pixels, a pixel's centre being at one half."""

TEMPLATE = np.array([[0.395, 0.439], [0.605, 0.439], [0.5, 0.558], [0.413, 0.656], [0.587, 0.656]], np.float64)
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
    return np.asarray(warp(new, _invert(to_square), (height, width)), np.uint8)


def align(patch: Patch, to_square: Affine, size: int) -> Patch:
    """Return the patch as a size x size square; mask and points follow, and to_frame leads from the square."""
    mask: Mask = np.asarray(warp(patch.mask, to_square, (size, size), cv2.BORDER_CONSTANT), np.float32)
    points = None if patch.points is None else _move(patch.points, to_square).astype(np.float32)
    to_frame = _compose(patch.to_frame.astype(np.float64), _invert(to_square)).astype(np.float32)
    pixels = np.asarray(warp(patch.pixels, to_square, (size, size)), np.uint8)
    return replace(patch, pixels=pixels, mask=mask, points=points, to_frame=to_frame)


def alignment(patch: Patch, size: int) -> Affine:
    """Return the similarity (2, 3) from a window to its size x size square, which encloses all that is hidden.

    Five points are laid on `TEMPLATE` by least squares (Umeyama 1991); without them, or where they are no
    face's, the hidden part is centred. Where it would stick out, the square shows more.
    """
    hidden = _corners(patch.mask)
    if patch.points is not None and len(patch.points) == len(TEMPLATE):
        fitted = similarity(patch.points.astype(np.float64), TEMPLATE * size)
        if fitted is not None:
            enclosing = _enclose(fitted, hidden, size)
            if np.ptp(_move(hidden, enclosing), axis=0).max() >= _SMALLEST_SHARE * size:
                return enclosing
    centre, side = (hidden.min(axis=0) + hidden.max(axis=0)) / 2, float(np.ptp(hidden, axis=0).max())
    scale = size / max(side, 1.0)
    return np.column_stack([np.eye(2) * scale, size / 2 - scale * centre])


def similarity(points: NDArray[np.float64], onto: NDArray[np.float64]) -> Affine | None:
    """Return the rotation, scale and shift (2, 3) that lays (K, 2) points onto others with least squared error.

    None where the points coincide or are not finite.
    """
    if not np.isfinite(points).all():
        return None
    own, other = points - points.mean(axis=0), onto - onto.mean(axis=0)
    spread = float((own**2).sum())
    if spread < 1e-6:
        return None
    a = float((own * other).sum()) / spread
    b = float((own[:, 0] * other[:, 1] - own[:, 1] * other[:, 0]).sum()) / spread
    if a * a + b * b < 1e-12:
        return None
    turn = np.array([[a, -b], [b, a]])
    return np.column_stack([turn, onto.mean(axis=0) - turn @ points.mean(axis=0)])


def warp(
    values: Pixels | Mask, affine: Affine, shape: tuple[int, int], border: int = cv2.BORDER_REPLICATE
) -> Pixels | Mask:
    """Return an (h, w) or (h, w, 3) array seen through an affine map, as an array of the given (rows, columns).

    Where it shrinks, it is first reduced by areas, so that fine structure becomes a mean and no moiré.
    """
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    height, width = values.shape[:2]
    if scale < 1.0:
        small = max(1, round(width * scale)), max(1, round(height * scale))
        values = _same_kind(cv2.resize(values, small, interpolation=cv2.INTER_AREA), values)
        affine = _compose(affine, np.array([[width / small[0], 0, 0], [0, height / small[1], 0]]))
    # OpenCV counts from the first pixel's centre.
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    centred = _compose(_invert(half), _compose(affine, half))
    smooth = cv2.INTER_CUBIC if scale > 1.0 and values.dtype == np.uint8 else cv2.INTER_LINEAR
    return _same_kind(cv2.warpAffine(values, centred, shape[::-1], flags=smooth, borderMode=border), values)


def _same_kind(new: NDArray[Any], old: Pixels | Mask) -> Pixels | Mask:
    return np.asarray(new, old.dtype)  # type: ignore[return-value]  # OpenCV keeps it; its annotations do not


def _enclose(affine: Affine, hidden: NDArray[np.float64], size: int) -> Affine:
    """Return the map scaled down about the square's centre until the hidden corners lie inside."""
    reach = float(np.abs(_move(hidden, affine) - size / 2).max())
    if reach <= size / 2:
        return affine
    shrink = size / 2 / reach
    return np.column_stack([affine[:, :2] * shrink, (affine[:, 2] - size / 2) * shrink + size / 2])


def _corners(mask: Mask) -> NDArray[np.float64]:
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


def _move(points: NDArray[np.floating], affine: Affine) -> NDArray[np.float64]:
    return np.asarray(points @ affine[:, :2].T + affine[:, 2], np.float64)


def _compose(last: Affine, first: Affine) -> Affine:
    return np.column_stack([last[:, :2] @ first[:, :2], last[:, :2] @ first[:, 2] + last[:, 2]])


def _invert(affine: Affine) -> Affine:
    inverse = np.linalg.inv(affine[:, :2])
    return np.column_stack([inverse, -inverse @ affine[:, 2]])
