"""Gaussian blur. Weak: a network trained on blurred faces recognises many, and a sharpener restores part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.strength import check_share, hidden_side
from visard.types import Form, Goal, Mask, Patch, Pixels

_SIGMA_AT_FULL_STRENGTH = 0.4
_ENOUGH_SIGMA = 6.0


@dataclass(frozen=True, slots=True)
class Blur:
    """Convolve with a Gaussian whose sigma is 0.4 strength times the hidden side (METHODS 1.1).

    The patch is mirrored at its border, so that the rim is not tinted by a made-up colour. Heads and people are blurred
    among themselves.
    """

    name: ClassVar[str] = "blur"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "perturb"

    strength: float = 0.5

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the blurred patch."""
        own = (patch.mask >= 1).astype(np.float32) if patch.kind in ("head", "person") else None
        return gaussian(patch.pixels, self.sigma(patch.mask), own)

    def sigma(self, mask: Mask) -> float:
        """Return the Gaussian's sigma in pixels for a patch with this mask."""
        return _SIGMA_AT_FULL_STRENGTH * self.strength * hidden_side(mask)


def gaussian(pixels: Pixels, sigma: float, own: Mask | None = None) -> Pixels:
    """Return pixels (h, w, 3) uint8 convolved with a Gaussian of sigma in pixels.

    A wide kernel is applied to a reduced copy with at least six pixels of sigma left, which the eye and
    an 8-bit picture cannot tell from the full convolution, in a time that does not grow with sigma.
    own: (h, w), 1 where pixels are blurred among themselves alone: a bright wall has no part in a dark head.
    """
    height, width = pixels.shape[:2]
    factor = max(1.0, sigma / _ENOUGH_SIGMA)
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    spread = (sigma * small[0] / width, sigma * small[1] / height)
    if own is None:
        blurred = _spread(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), spread)
    else:
        shown = cv2.resize(cv2.copyTo(pixels, own.astype(np.uint8)), small, interpolation=cv2.INTER_AREA)
        share = _spread(cv2.resize(own, small, interpolation=cv2.INTER_AREA), spread)
        blurred = np.asarray(_spread(shown, spread) / np.maximum(share, 1e-3)[..., None], np.float32)
    restored = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.convertScaleAbs(restored), np.uint8)


def _spread(values: NDArray[np.generic], sigma: tuple[float, float]) -> Mask:
    x, y = sigma
    wide = cv2.GaussianBlur(values.astype(np.float32), (0, 0), sigmaX=x, sigmaY=y, borderType=cv2.BORDER_REFLECT)
    return np.asarray(wide, np.float32)
