"""A face that was painted on a square goes back into its patch, and is as sharp and grainy as the picture there."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.grain import match, measure
from visard.shape.landmarks import Vertices
from visard.shape.similarity import Matrix
from visard.shape.square import invert, see
from visard.types import Patch, Pixels

Floats = NDArray[np.float32]

_SMALLEST = 16.0
"""Pixels between the outer corners of the face's outline below which there is nothing to paint."""


def traced(patch: Patch) -> Vertices | None:
    """Return the points of the patch's face; None where none were traced: looking for them would show the pixels."""
    return patch.mesh if patch.mesh is not None and np.ptp(patch.mesh[:, 0]) >= _SMALLEST else None


def put_back(patch: Patch, whole: Floats, to_square: Matrix) -> Pixels:
    """Return the patch with what is hidden painted anew; whole: (S, S, 3), 0 to 255, on the square.

    No hidden pixel has a part in it.
    """
    back = invert(np.asarray(to_square, np.float64))
    new = see(whole, back, len(patch.mask), len(patch.mask[0]), enlarge=cv2.INTER_CUBIC)
    hidden = patch.mask > 0
    # Grain is measured on the new picture: beside the old one's hidden pixels it would tell of them.
    shown = np.where(hidden[..., None], new, patch.pixels)
    new = match(new, measure(shown, hidden), measure(shown, ~hidden), patch.seed)
    result = patch.pixels.copy()
    result[hidden] = np.clip(np.round(new[hidden]), 0, 255).astype(np.uint8)
    return result
