"""Salt and pepper. It blinds detectors, not people: a median filter brings a face back at low strength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from visard.methods.strength import check_share, grain
from visard.types import Form, Goal, Patch, Pixels

_GRAINS = 64


@dataclass(frozen=True, slots=True)
class Impulse:
    """Set a share `strength` of the grains to black or white, half each (METHODS 1.1, 1.2)."""

    name: ClassVar[str] = "impulse"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "detectors"
    form: ClassVar[Form] = "perturb"

    strength: float = 0.7

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with impulses; one subject keeps one pattern."""
        height, width = patch.pixels.shape[:2]
        random = np.random.default_rng(patch.seed)
        draw = random.random(grain(patch.mask, _GRAINS), np.float32)
        field = cv2.resize(draw, (width, height), interpolation=cv2.INTER_NEAREST)
        new = patch.pixels.copy()
        new[field < self.strength] = 255
        new[field < self.strength / 2] = 0
        return new
