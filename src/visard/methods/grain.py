"""Grain: how sharp and noisy a picture is, and how something new is made as sharp and as noisy."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_DEVIATION = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

_LEAST = 64
"""Pixels that tell anything about grain, at least."""

_MOST, _FACE = 6.0, 24.0
"""Grey levels of grain that are added, at most, and pixels of a face for each: the finest in small ones is no grain."""


def measure(pixels: NDArray[np.uint8] | Floats, where: NDArray[np.bool_]) -> float | None:
    """Return the deviation in grey levels of the finest detail of (h, w, 3) pixels; None for too few of them."""
    if np.count_nonzero(where) < _LEAST:
        return None
    grey = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)
    # The median, because edges are the picture's own and grain lies everywhere.
    return float(np.median(np.abs((grey - cv2.GaussianBlur(grey, (0, 0), 1.0))[where]))) * _DEVIATION


def match(new: Floats, ours: float | None, theirs: float | None, seed: int) -> Floats:
    """Return (h, w, 3) new pixels, whose grain is ours, as sharp and as grainy as theirs."""
    if ours is None or theirs is None:
        return new
    if ours < theirs:
        rng = np.random.default_rng(seed)
        grain = rng.standard_normal(new.shape[:2], np.float32)
        grain -= cv2.GaussianBlur(grain, (0, 0), 1.0)
        most = min(_MOST, max(new.shape[:2]) / _FACE)
        grain *= min(most, np.sqrt(theirs**2 - ours**2)) / max(float(grain.std()), 1e-6)
        return np.asarray(new + grain[..., None], np.float32)
    keep = max(0.3, theirs / max(ours, 1e-6))
    return np.asarray(keep * new + (1 - keep) * cv2.GaussianBlur(new, (0, 0), 1.0), np.float32)
