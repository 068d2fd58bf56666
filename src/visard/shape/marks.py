"""Room 4, CUT: marks: the 68 points that dlib draws on a face, taken from the mesh, and the 29 of them that tell least.

The 29, jaw, bridge of the nose and inner lips, are what CIAGAN and the smaller AnonyGAN see: brows, eyes and outer
lips, by whose shape people are known, are left out.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from visard.errors import UsageError
from visard.shape.landmarks import Vertices
from visard.types import Mask, Points

Count = Literal[68, 29]

JAW, BRIDGE, MOUTH = slice(0, 17), slice(27, 31), slice(60, 68)
"""Of the 68: the jaw from ear to ear, the nose's bridge, and the opening of the mouth."""

_MESH = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""Vertices of the mesh that lie where dlib's points do, in dlib's order."""

_FEW = (*range(17), *range(27, 31), *range(60, 68))
_BROWS = (19, 24)


def marks(vertices: Vertices, count: int = 68) -> Points:
    """Return (count, 2) marks of a face's (468, 3) vertices, in their pixels; raises UsageError for other counts."""
    if count not in (68, 29):
        raise UsageError(f"there are no {count} landmarks", hint="choose 68 or 29")
    points = vertices[list(_MESH), :2]
    return np.asarray(points if count == 68 else points[list(_FEW)], np.float32)


def front(vertices: Vertices, side: int) -> Mask:
    """Return (side, side), 1 within the jaw up to the height of the brows: what the seeds' systems mask."""
    points = marks(vertices)
    (left, right), (one, other) = points[[0, 16], 0], points[list(_BROWS), 1]
    outline = np.concatenate([points[JAW], [[right, other], [left, one]]])
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [np.round((outline - 0.5) * 16).astype(np.int32)], (1.0,), shift=4)
    return mask
