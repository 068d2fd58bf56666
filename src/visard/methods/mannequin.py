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

PLANES = 5
"""Channels: the outline; head, trunk and legs; how deep inside."""

_NECK, _WAIST = 0.16, 0.5
"""Where a standing person's head and trunk end, in their height from above."""


def mannequin(inside: Mask, detail: str) -> Floats:
    """Return (5, S, S), 0 to 1, the segmentation of an outline (S, S), 1 inside; what the level leaves out is 0.

    Parts are told by height alone, so that those of somebody who sits or bends are wrong.
    """
    planes = np.zeros((PLANES, *inside.shape), np.float32)
    within = inside > 0.5
    planes[0] = within
    level = DETAILS.index(detail)
    if not within.any() or level == 0:
        return planes
    rows = np.flatnonzero(within.any(axis=1))
    height = (np.arange(inside.shape[0]) - rows[0]) / max(1, rows[-1] - rows[0])
    ends = (-1.0, _NECK, _WAIST, 2.0)
    for part in range(3):
        planes[1 + part] = within * ((height >= ends[part]) & (height < ends[part + 1]))[:, None]
    if level == 2:
        away = cv2.distanceTransform(within.astype(np.uint8), cv2.DIST_L2, 3)
        planes[4] = away / max(float(away.max()), 1e-6)
    return planes
