"""Pixelation. Weak at low strength: networks trained on mosaics recognise faces, and video frames add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from visard.methods.strength import check_share, grain
from visard.types import Form, Goal, Patch, Pixels

_BLOCKS_AT_NO_STRENGTH = 32


@dataclass(frozen=True, slots=True)
class Pixelate:
    """Replace blocks by their mean (METHODS 1.1): from 32 blocks across the hidden side down to 1.

    The grid divides the patch evenly, so there is no partial block that would keep its pixels.
    """

    name: ClassVar[str] = "pixelate"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "perturb"

    strength: float = 0.85

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch as a mosaic."""
        across = max(1, round(_BLOCKS_AT_NO_STRENGTH * (1.0 - self.strength)))
        rows, columns = grain(patch.mask, across)
        height, width = patch.pixels.shape[:2]
        blocks = cv2.resize(patch.pixels, (columns, rows), interpolation=cv2.INTER_AREA)
        mosaic = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
        return mosaic.astype(np.uint8, copy=False)
