"""Upright: the eight ways in which a camera may have been held."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SWAPPED = (5, 6, 7, 8)
"""Orientations that swap width and height."""

_MATRICES = {
    (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8,
}  # fmt: skip


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return the pixels (H, W, ...) turned as EXIF orientation 1 to 8 asks."""
    if orientation == 1:
        return pixels
    swapped = cv2.transpose(pixels) if orientation in SWAPPED else pixels
    flip = {2: 1, 3: -1, 4: 0, 5: None, 6: 1, 7: -1, 8: 0}[orientation]
    return swapped if flip is None else cv2.flip(swapped, flip)


def orientation_of(matrix: bytes) -> int:
    """Return the EXIF orientation, 1 to 8, of a video's display matrix (nine int32); slants count as 1."""
    values = np.frombuffer(matrix, np.int32)
    a, b, _, c, d = (int(np.sign(v)) if abs(int(v)) > 1 << 8 else 0 for v in values[:5])
    return _MATRICES.get((a, b, c, d), 1)
