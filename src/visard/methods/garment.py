"""Other clothes: colours, prints, tattoos and marks change, folds stay. The face needs a method of its own."""

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

_PARTS = 3
"""Colours into which a person is divided: skin, and what they wear above and below."""

_SMOOTH, _MAJORITY = 0.05, 0.07
"""Smoothing of light and shade, and of the parts' borders, as shares of the hidden side: a fold stays, a print, a
tattoo or a badge goes."""

_ROUNDS = 12

_RIM = 0.03
"""Width of the rim, in hidden sides, that is only blurred: most of it is background beside the person."""

_DYES = (
    (30, 6, -22), (45, 0, -14), (55, 0, 0), (70, 2, 10), (48, -8, 14), (35, 26, 10),
    (62, -12, -8), (40, 8, 16), (58, 14, 4), (30, 0, 0), (66, 4, 26), (46, -16, 6),
)  # fmt: skip
"""Colours of cloth in CIELAB: navy, denim, grey, beige, olive, burgundy, teal, brown, rose, black, mustard, green."""

_THREADS = 64
"""Threads of the new weave along the hidden side."""


@dataclass(frozen=True, slots=True)
class Garment:
    """Divide what is hidden by colour, give each part another colour and a weave, and keep its broad light and shade.

    strength: how much of the contrast between light and shade goes, of 0.75 at most. The parts are told in one patch:
    in a video they may change places where the light does.
    """

    name: ClassVar[str] = "garment"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"
    kinds: ClassVar[tuple[Kind, ...]] = ("person",)
    leaves_faces: ClassVar[bool] = True

    strength: float = 0.5

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch in other colours."""
        inside = patch.mask > 0
        if not inside.any():
            return patch.pixels.copy()
        side = hidden_side(patch.mask)
        random = np.random.default_rng(patch.seed)
        shares = _parts(_colours(patch, max(1.0, 0.2 * _SMOOTH * side)), inside, _MAJORITY * side)
        light = _colours(patch, max(1.0, _SMOOTH * side * (0.5 + self.strength)))[..., 0]
        new = np.zeros((*light.shape, 3), np.float32)
        for share in shares:
            mean = float(np.average(light, weights=share * inside + 1e-6))
            shade = (1.0 - 0.75 * self.strength) * (light - mean)
            new += share[..., None] * (_dye(random, mean) + np.dstack([shade, 0 * shade, 0 * shade]))
        new[..., 0] = np.clip(new[..., 0] + _weave(random, patch.mask.shape, side), 4, 96)
        dyed = cv2.cvtColor(new.astype(np.float32), cv2.COLOR_LAB2RGB) * np.float32(255)
        blurred = gaussian(patch.pixels, max(1.0, _SMOOTH * side))
        inner = np.clip(_depth(patch.mask) / max(1.0, _RIM * side) - 1, 0, 1)[..., None]
        return np.asarray(np.clip(np.round(inner * dyed + (1 - inner) * blurred), 0, 255), np.uint8)


def _depth(mask: Mask) -> Floats:
    """Return (h, w) how far inside the mask each pixel lies; its end at the patch's border is no end."""
    inside = np.pad((mask >= 1.0).astype(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1], np.float32)


def _colours(patch: Patch, sigma: float) -> Floats:
    """Return the patch in CIELAB, smoothed among what is hidden."""
    smooth = _within(patch.pixels.astype(np.float32), patch.mask, sigma)
    return np.asarray(cv2.cvtColor(smooth / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)


def _within(values: Floats, mask: Floats, sigma: float) -> Floats:
    """Return values smoothed among what is hidden alone: the background has no say."""
    weight = (mask > 0).astype(np.float32)
    spread = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    total = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(spread / np.maximum(total, 1e-4)[..., None], np.float32)


def _parts(lab: Floats, inside: NDArray[np.bool_], sigma: float) -> list[Floats]:
    """Return soft shares (h, w) of each part that add up to 1, from clusters of colour."""
    # Light counts for less than colour: a fold is no part.
    values = (lab * (0.5, 1.0, 1.0)).astype(np.float32)
    few = values[inside]
    middles = centres(few[:: max(1, len(few) // 4000)])
    nearest = np.linalg.norm(values[:, :, None] - middles, axis=3).argmin(axis=2)
    parts = len(middles)
    # The majority around a place says whose it is: what is smaller than that has no colour of its own.
    votes = [_smooth((nearest == part) & inside, max(0.6, sigma)) for part in range(parts)]
    most = np.argmax(votes, axis=0)
    soft = [_smooth(most == part, max(0.6, 0.15 * sigma)) for part in range(parts)]
    total = np.maximum(np.sum(soft, axis=0), 1e-6)
    return [np.asarray(part / total, np.float32) for part in soft]


def centres(values: Floats) -> Floats:
    """Return the middles of up to `_PARTS` clusters of (N, 3) values (Lloyd 1982), begun in order of lightness."""
    chunks = np.array_split(values[np.argsort(values[:, 0], kind="stable")], min(_PARTS, len(values)))
    centres = np.stack([chunk.mean(axis=0) for chunk in chunks])
    for _ in range(_ROUNDS):
        nearest = np.linalg.norm(values[:, None] - centres, axis=2).argmin(axis=1)
        own = [values[nearest == part] for part in range(len(centres))]
        centres = np.stack([o.mean(axis=0) if len(o) else c for o, c in zip(own, centres, strict=True)])
    return np.asarray(centres, np.float32)


def _smooth(part: NDArray[np.bool_], sigma: float) -> Floats:
    spread = cv2.GaussianBlur(part.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(spread, np.float32)


def _dye(random: np.random.Generator, lightness: float) -> Floats:
    """Return a new colour in CIELAB, one that clothes have, of another lightness than the old one."""
    dye = np.array(_DYES[int(random.integers(len(_DYES)))], np.float32)
    away = random.uniform(16, 28)
    dye[0] = lightness + away if lightness < 45 else lightness - away
    return dye


def _weave(random: np.random.Generator, shape: tuple[int, ...], side: float) -> Floats:
    """Return (h, w) a fine weave, a few steps of lightness high, of threads whose width follows the subject's size."""
    thread = max(2.0, side / _THREADS)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn = random.uniform(0, np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    return np.asarray(0.8 * np.sin(np.pi * along / thread) + 0.6 * np.sin(np.pi * across / thread), np.float32)
