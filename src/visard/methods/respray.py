"""A vehicle in another paint, its badges, letters and edges blurred away; size, place and rough build stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.blur import gaussian
from visard.methods.strength import check_share, hidden_side
from visard.types import Form, Goal, Kind, Mask, Patch, Pixels

Floats = NDArray[np.float32]

_SIGMA = 0.12
"""Sigma of the blur at full strength, in hidden sides; badges are a fiftieth of a car, lamps a tenth."""

_PAINTS = (
    (35, 48, 28), (28, 12, -38), (52, -6, -32), (38, -24, 12), (70, 6, 42), (88, 0, 2), (22, 0, 0), (58, 0, -2),
)  # fmt: skip
"""Paints in CIELAB: red, dark blue, light blue, green, yellow, white, black, silver."""

_NEW = 25.0
"""Distance in CIELAB of a new paint from the old one, at least."""

_LIKE = (30.0, 16.0)
"""How far paint in light and shade lies from its middle: in lightness, and in colour."""

_GLASS = 24.0
"""Lightness below which most is glass or tyre, unless all of the vehicle is so dark."""


_TINTS, _ROUNDS = 3, 12
"""Clusters of colour in the middle of a vehicle, and rounds in which they are found."""


@dataclass(frozen=True, slots=True)
class Respray:
    """Find the commonest colour of what is hidden, give it another paint, and blur everything.

    strength: sigma of the blur, 0.12 hidden sides at 1. A badge goes at any; the build goes towards 1.
    """

    name: ClassVar[str] = "respray"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"
    kinds: ClassVar[tuple[Kind, ...]] = ("vehicle",)

    strength: float = 0.3

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch in another paint, without its details."""
        side = hidden_side(patch.mask)
        soft = cv2.GaussianBlur(patch.pixels, (0, 0), max(0.6, 0.01 * side)).astype(np.float32) / np.float32(255)
        lab = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2LAB), np.float32)
        middle = _middle(patch.mask)
        paint = _paint(lab, middle)
        away = (lab - paint) / np.array([_LIKE[0], _LIKE[1], _LIKE[1]], np.float32)
        share = np.exp(-((away * away).sum(axis=2) ** 2)) * middle
        share = cv2.GaussianBlur(share.astype(np.float32), (0, 0), max(0.6, 0.01 * side))
        lab += share[..., None] * (_other(paint, patch.seed) - paint)
        lab[..., 0] = np.clip(lab[..., 0], 3, 97)
        new = np.round(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)
        return gaussian(new, _SIGMA * self.strength * side)


def _middle(mask: Mask) -> Mask:
    """Return (h, w) 1 in the oval within what is hidden, 0 towards its corners, where the road is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros(mask.shape, np.float32)
    height, width = mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    down = (y - (rows[0] + rows[-1]) / 2) / max(1.0, (rows[-1] - rows[0] + 1) / 2)
    across = (x - (columns[0] + columns[-1]) / 2) / max(1.0, (columns[-1] - columns[0] + 1) / 2)
    return np.asarray(np.clip((1.1 - np.abs(down) ** 3 - np.abs(across) ** 3) / 0.3, 0, 1), np.float32)


def _paint(lab: Floats, middle: Mask) -> Floats:
    """Return (3,) the commonest colour of a vehicle's middle that is not that of glass and tyres."""
    own = lab[middle > 0.5]
    if not len(own):
        return np.array([50, 0, 0], np.float32)
    light = own[own[:, 0] > _GLASS]
    own = light if len(light) > 0.3 * len(own) else own
    few = own[:: max(1, len(own) // 4000)]
    middles = _centres(few)
    nearest = np.linalg.norm(few[:, None] - middles, axis=2).argmin(axis=1)
    return np.asarray(middles[np.bincount(nearest, minlength=len(middles)).argmax()], np.float32)


def _other(paint: Floats, seed: int) -> Floats:
    """Return a paint unlike the old one, of some of its lightness: what is in the shade stays there."""
    paints = np.array(_PAINTS, np.float32)
    unlike = paints[np.linalg.norm(paints - paint, axis=1) >= _NEW]
    chosen = unlike[np.random.default_rng(seed).integers(len(unlike))].copy()
    chosen[0] = 0.6 * chosen[0] + 0.4 * paint[0]
    return np.asarray(chosen, np.float32)


def _centres(values: Floats) -> Floats:
    """Return the middles of up to `_TINTS` clusters of (N, 3) values (Lloyd 1982), begun in order of lightness."""
    chunks = np.array_split(values[np.argsort(values[:, 0], kind="stable")], min(_TINTS, len(values)))
    centres = np.stack([chunk.mean(axis=0) for chunk in chunks])
    for _ in range(_ROUNDS):
        nearest = np.linalg.norm(values[:, None] - centres, axis=2).argmin(axis=1)
        own = [values[nearest == part] for part in range(len(centres))]
        centres = np.stack([o.mean(axis=0) if len(o) else c for o, c in zip(own, centres, strict=True)])
    return np.asarray(centres, np.float32)
