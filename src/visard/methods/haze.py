"""A haze: a face's own colours, all but even, fading into what lies around it. No edge is seen, and no face.

What hides those to whom another face cannot be given: an oval of blur would draw every eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.blur import gaussian
from visard.methods.scene import fill_in
from visard.methods.strength import hidden_side
from visard.types import Form, Goal, Patch, Pixels

_SIGMA = 0.4
"""Deviation of the Gaussian in hidden sides, `blur`'s at full strength."""

_FADE = 0.4
"""How far into the haze what lies around has a part, in hidden sides."""

_SMOOTH = 0.04
"""Deviation of the Gaussian that takes the grain out of what is carried inwards, in hidden sides."""

_SMALL = 96
"""Longer side in pixels at which surroundings are carried inwards: all of it is smoother than that."""


@dataclass(frozen=True, slots=True)
class Haze:
    """Blur hidden pixels among themselves as `blur` does at full strength, and carry inwards what is amiss at the rim.

    The rim is seen from outside alone, by pull and push (Gortler et al. 1996); pixels of others have no part.
    """

    name: ClassVar[str] = "haze"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "perturb"
    around: ClassVar[float] = 0.12

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with its hidden part as haze."""
        side = hidden_side(patch.mask)
        own = gaussian(patch.pixels, _SIGMA * side, (patch.mask >= 1).astype(np.float32))
        known = patch.mask == 0 if patch.others is None else (patch.mask == 0) & ~patch.others
        if not known.any():
            return own
        away = cv2.distanceTransform((~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        deep = np.minimum(away / max(_FADE * side, 1.0), 1)[..., None]
        amiss = _carried(patch.pixels.astype(np.float32) - own, known, _SMOOTH * side)
        new = own + (1 - deep * deep * (3 - 2 * deep)) * amiss
        return np.asarray(np.clip(np.round(new), 0, 255), np.uint8)


def _carried(values: NDArray[np.floating], known: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """Return (h, w, 3) values that are known, carried smoothly over all; computed on a reduced copy."""
    height, width = known.shape
    factor = min(1.0, _SMALL / max(height, width))
    small = max(1, round(width * factor)), max(1, round(height * factor))
    share = np.asarray(cv2.resize(known.astype(np.float32), small, interpolation=cv2.INTER_AREA), np.float32)
    seen = cv2.resize(values * known[..., None], small, interpolation=cv2.INTER_AREA)
    filled = fill_in(np.asarray(seen / np.maximum(share, 1e-6)[..., None], np.float32), share)
    soft = cv2.GaussianBlur(filled, (0, 0), max(0.5, sigma * factor))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
