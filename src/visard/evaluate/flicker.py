"""Temporal flicker: what changes in a hidden video from frame to frame beyond what the source's motion explains."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.attack.score import Score, absent
from visard.shape.mesh import sample
from visard.types import Mask, Pixels

_SMALLEST = 24
"""Pixels of a side below which there is no motion to estimate."""

_AROUND = 0.5
"""Shares of the masks' box around it in which motion is estimated."""

Floats = NDArray[np.float32]


def flicker(before: Iterable[Pixels], after: Iterable[Pixels], masks: Iterable[Mask]) -> tuple[Score, Score]:
    """Return the flicker of a hidden video inside its masks and that of its source, in grey levels.

    before, after: (H, W, 3) uint8 RGB frames of the source and the result. masks: (H, W) of what was hidden. For each
    pair of frames it is the mean of |o(t) - warp(o(t-1))| where both masks are 1, the warp following the source's
    motion; n counts the pairs, which depend on each other, so there is no interval. A result that moves as
    its source does has the source's flicker, which is noise and what motion does not explain; one that stands still,
    as its source does, has 0.
    Source: METHODS 6.3 (Gafni et al. 2019); Lai et al. 2018, "Learning Blind Video Temporal Consistency", the
    warping error. Motion by DIS (Kroeger et al. 2016).
    """
    values = [
        pair
        for one, two in pairwise(zip(before, after, masks, strict=True))
        if (pair := _changed(*one, *two)) is not None
    ]
    if not values:
        reason = "no two frames in a row hide something in the same place"
        return absent("flicker", reason), absent("source flicker", reason)
    ours, theirs = np.mean(values, axis=0)
    return Score("flicker", float(ours), len(values)), Score("source flicker", float(theirs), len(values))


def _changed(
    source: Pixels, result: Pixels, mask: Mask, next_source: Pixels, next_result: Pixels, next_mask: Mask
) -> tuple[float, float] | None:
    """Return the change of the result and of the source between two frames, None where nothing is hidden in both."""
    both = (mask >= 1) & (next_mask >= 1)
    if not both.any():
        return None
    cells = _window(both)
    inside = both[cells]
    if min(inside.shape) < _SMALLEST:
        return None
    way = _motion(next_source[cells], source[cells])
    height, width = inside.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    where = np.dstack([columns, rows]) + way
    # What was outside the window or outside the mask a frame ago says nothing about the hidden part's steadiness.
    known = sample(inside.astype(np.float32), where) > 0.99
    seen = inside & known
    if not seen.any():
        return None
    ours, theirs = (
        float(np.abs(_real(now[cells]) - sample(_real(then[cells]), where, cv2.BORDER_REPLICATE))[seen].mean())
        for now, then in ((next_result, result), (next_source, source))
    )
    return ours, theirs


def _window(both: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    grow = round(_AROUND * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    return (
        slice(max(0, int(rows[0]) - grow), int(rows[-1]) + grow + 1),
        slice(max(0, int(columns[0]) - grow), int(columns[-1]) + grow + 1),
    )


def _motion(now: Pixels, then: Pixels) -> Floats:
    """Return (h, w, 2) where each pixel of a frame was in the frame before, relative to where it is, in pixels."""
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (now, then)]
    estimate = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(estimate.calc(grey[0], grey[1], np.zeros((*now.shape[:2], 2), np.float32)), np.float32)


def _real(pixels: Pixels) -> Floats:
    return np.ascontiguousarray(pixels).astype(np.float32)
