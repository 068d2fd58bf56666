"""Gaussian noise. It blinds detectors, not people: a denoiser brings much of a face back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from visard.methods.strength import check_share, grain
from visard.types import Form, Goal, Patch, Pixels

_GRAINS = 64
_SIGMA_AT_FULL_STRENGTH = 4.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Add independent Gaussian noise, sigma = 4 strength in [0, 1] units, and clip (METHODS 1.1, 1.2).

    A grain is a pixel of a small face and 1/64 of a large one. One subject keeps one pattern, so that
    the frames of a video cannot be averaged against it.
    """

    name: ClassVar[str] = "noise"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "detectors"
    form: ClassVar[Form] = "perturb"

    strength: float = 0.5

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the noisy patch."""
        height, width = patch.pixels.shape[:2]
        random = np.random.default_rng(patch.seed)
        grains = random.standard_normal((*grain(patch.mask, _GRAINS), 3), np.float32)
        field = cv2.resize(grains, (width, height), interpolation=cv2.INTER_NEAREST)
        noisy = field * np.float32(255.0 * _SIGMA_AT_FULL_STRENGTH * self.strength) + patch.pixels
        return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
