"""A person as a segmentation: where they are, which part is which, how deep inside; no pixel of them has a say."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Mask

Floats = NDArray[np.float32]

DETAILS: Sequence[str] = ("outline", "parts", "limbs")
"""Levels of detail, each with what the ones before it tell."""

PARTS: Sequence[str] = ("hair", "face", "trunk", "legs", "feet")
"""Parts of a person, from above."""

PLANES = len(PARTS) + 2
"""Channels: the outline; the parts; how deep inside."""

_ENDS = (0.06, 0.15, 0.5, 0.93, 1.0)
"""Where the parts of a standing person end, in their height from above."""

_WIDE = 2.0
"""A standing person's height in their width, at least: whoever is wider sits, or is cut off below."""


def mannequin(inside: Mask, detail: str) -> Floats:
    """Return (7, S, S), 0 to 1, the segmentation of an outline (S, S), 1 inside; what the level leaves out is 0.

    Parts are told by height alone, so that those of somebody who bends or lies are wrong.
    """
    planes = np.zeros((PLANES, *inside.shape), np.float32)
    within = inside > 0.5
    planes[0] = within
    level = DETAILS.index(detail)
    if not within.any() or level == 0:
        return planes
    rows, columns = np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))
    whole = max(rows[-1] - rows[0], _WIDE * (columns[-1] - columns[0]), 1)
    part = np.searchsorted(_ENDS[:-1], (np.arange(inside.shape[0]) - rows[0]) / whole, side="right")
    planes[1:-1] = within & (part[:, None] == np.arange(len(PARTS))[:, None, None])
    if level == 2:
        away = cv2.distanceTransform(within.astype(np.uint8), cv2.DIST_L2, 3)
        planes[-1] = away / max(float(away.max()), 1e-6)
    return planes


def dyed(planes: Floats, palette: Floats) -> Floats:
    """Return (3, S, S) a segmentation, each part in its colour of a palette (6, 3), the first that of the whole.

    The whole's is used where no parts are told; outside the outline all is 0.
    """
    told = planes[1:-1] if planes[1:-1].any() else planes[:1]
    colours = palette[1:] if len(told) > 1 else palette[:1]
    return np.asarray(np.einsum("pij,pc->cij", told, colours), np.float32)
