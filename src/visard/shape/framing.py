"""Room 4, CUT: how each network wants its face, and the five points that say where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_UPRIGHT = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.57], [-0.42, 1.01], [0.42, 1.01]])
"""Five points of an upright face, in distances between the eyes from the point between them: the mean of what
CenterFace finds on the development photos of LFW."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a network wants its face: side of the square in pixels, and where the eyes lie as shares of it.

    eyes: distance between the eyes. height: how far the point between them lies below the upper edge.
    """

    side: int
    eyes: float
    height: float

    def template(self) -> NDArray[np.float64]:
        """Return the five points, (5, 2), in pixels of the square."""
        return (_UPRIGHT * self.eyes + [0.5, self.height]) * self.side


DLIB = Framing(150, 0.387, 0.31)
FACENET = Framing(160, 0.3, 0.42)
"""The framings of the recognisers whose weights are open to whoever needs gradients."""
