"""Scene cuts: where one shot of a video ends and another begins."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Pixels

_SIZE = (64, 36)
_LEAST = 0.02
"""Mean difference, as a share of full brightness, below which nothing is a cut: noise in the dark."""

_TIMES = 3.0
"""A cut differs so many times more than the frames before it: a shaking camera is no cut."""

_ALIKE = 0.4
"""Correlation of two frames from which on they show one scene. In four clips cuts have .23 at most, a camera that is
swung .63 at least; how dark or light both are says nothing, so a photographer's flash is no cut."""


class CutFinder:
    """Tells for each frame of a video, in order, whether a new scene begins with it."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._usual = 0.0

    def __call__(self, pixels: Pixels) -> bool:
        """Return whether a cut precedes these (H, W, 3) uint8 RGB pixels; the first frame is no cut."""
        grey = cv2.cvtColor(cv2.resize(pixels, _SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        now = np.asarray(grey, np.float32) / np.float32(255)
        last, self._last = self._last, now
        if last is None:
            return False
        change = float(np.abs(now - last).mean())
        cut = change > max(_LEAST, _TIMES * self._usual) and _correlation(now, last) < _ALIKE
        # The change at a cut says nothing about the new scene's motion.
        self._usual = self._usual / 2 if cut else 0.8 * self._usual + 0.2 * change
        return cut


def _correlation(now: NDArray[np.float32], last: NDArray[np.float32]) -> float:
    """Return Pearson's correlation of two grey frames, 0 where one has no contrast."""
    one, two = now - now.mean(), last - last.mean()
    return float((one * two).sum() / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-6))
