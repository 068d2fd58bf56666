"""No network at all: a thumbnail of the face. Useless on clear photos, and the best parrot on blurs and mosaics."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from visard.attack.recognisers.recogniser import Card, Vectors
from visard.shape.framing import Framing
from visard.types import Pixels


class Thumbnail:
    """768 numbers a face: its 16 x 16 pixels, so that a linear head may find what networks overlook."""

    name: ClassVar[str] = "pixels"
    framing: ClassVar[Framing] = Framing(16, 0.36, 0.35)
    card: ClassVar[Card] = Card("nothing", 0.611, 1800, "none needed", ())

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 768) float32 vectors for (N, 16, 16, 3) uint8 RGB faces."""
        return np.asarray(faces.reshape(len(faces), 768), np.float32)
