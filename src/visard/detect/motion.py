"""Motion: whether anything in a video has changed since it was last looked at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.types import Pixels

_CELLS = 80
"""Cells along the longer side: a face of 20 pixels in 720p fills one, and changes it by all of its contrast."""

_CHANGE = 16.0
"""Grey levels by which a cell's mean changes where something moves: of plain contrast, a tenth of a cell. Codecs and
sensors change it by three or so. In a clip of a room people and plates are hidden as well as without this."""


class Motion:
    """Tells for the frames of a video, in order, whether anything moved since the last one that was `looked` at."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._now: NDArray[np.float32] | None = None

    def __call__(self, pixels: Pixels) -> bool:
        """Return whether (H, W, 3) uint8 RGB pixels differ in any place from those last looked at."""
        height, width = pixels.shape[:2]
        scale = min(1.0, _CELLS / max(height, width, 1))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        self._now = np.asarray(grey, np.float32)
        if self._last is None or self._last.shape != self._now.shape:
            return True
        return bool(np.abs(self._now - self._last).max() > _CHANGE)

    def looked(self) -> None:
        """Remember the frame that was asked about last as the one that was looked at."""
        self._last = self._now
