"""Scene cuts: where one shot of a video ends and another begins."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Pixels

_SIZE = (64, 36)
_LEAST = 0.12
"""Mean difference, as a share of full brightness, below which nothing is a cut."""

_TIMES = 3.0
"""A cut differs so many times more than the frames before it: a shaking camera is no cut."""

_SPREAD = 0.25
"""Share of the histogram that must have changed too: a fast pan keeps its colours."""


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
        cut = change > max(_LEAST, _TIMES * self._usual) and _spread(now, last) > _SPREAD
        # The change at a cut says nothing about the new scene's motion.
        self._usual = self._usual / 2 if cut else 0.8 * self._usual + 0.2 * change
        return cut


def _spread(now: NDArray[np.float32], last: NDArray[np.float32]) -> float:
    # Half the L1 distance of two grey histograms: 0 for the same greys, 1 for wholly other ones.
    one, two = (np.histogram(grey, 16, (0, 1))[0] / grey.size for grey in (now, last))
    return float(np.abs(one - two).sum() / 2)
