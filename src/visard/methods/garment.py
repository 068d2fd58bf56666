"""Other clothes: colours, prints, tattoos and marks change, folds stay. The face needs a method of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.mannequin import FACE, JOINTS, PARTS, head_of, parts_of
from visard.methods.silhouette import body_of, scene_of
from visard.methods.strength import check_share, hidden_side
from visard.methods.wardrobe import wardrobe
from visard.types import Form, Goal, Kind, Mask, Patch, Pixels, Points

Floats = NDArray[np.float32]
Parts = NDArray[np.intp]

_SMOOTH = 0.05
"""Smoothing of light and shade, in hidden sides: a fold stays, a print, a tattoo or a badge goes."""

_FINE, _MAJORITY, _BORDER = 0.01, 0.02, 0.05
"""Smoothing of the colours that skin is told by, of the parts, and at full strength of their borders, in hidden sides:
what is worn begins and ends where it did, and sharp borders would be detail that stays."""

_COARSE = 256
"""Longest side in pixels at which parts are told."""

_LIKE_SKIN = 16.0
"""Distance in CIELAB, with lightness halved, within which an arm is as bare as the face."""

_SKIN = ((15, 95), (5, 35), (-8, 42))
"""Ranges of CIELAB within which the middle of a face is skin, and no hair, mask or back of a head."""

_THREADS = 64
"""Threads of the new weave along the hidden side."""


@dataclass(frozen=True, slots=True)
class Garment:
    """Give hair, clothes and shoes other colours and a weave, and keep the person's outline, broad light and shade.

    Parts are told by joints, and by height where these are not known. Bare skin keeps its tone and loses its marks.
    strength: how much of the contrast between light and shade goes, of 0.75 at most, and how soft parts' borders are.
    """

    name: ClassVar[str] = "garment"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"
    kinds: ClassVar[tuple[Kind, ...]] = ("person",)
    leaves_faces: ClassVar[bool] = True
    around: ClassVar[float] = 0.1

    strength: float = 0.5

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch in other colours, before the scene carried on."""
        if not (patch.mask > 0).any():
            return patch.pixels.copy()
        body, side = body_of(patch), hidden_side(patch.mask)
        light = _colours(patch.pixels, body, max(1.0, _SMOOTH * side * (0.5 + self.strength)))[..., 0]
        new, kept = np.zeros((*light.shape, 3), np.float32), 1 - 0.75 * self.strength
        for share, colour in _dressed(patch, body, side, _BORDER * self.strength * side):
            shade = kept * (light - float(np.average(light, weights=share * body + 1e-6)))
            new += share[..., None] * (colour + np.dstack([shade, 0 * shade, 0 * shade]))
        new[..., 0] = np.clip(new[..., 0] + _weave(np.random.default_rng(patch.seed), light.shape, side), 4, 96)
        worn = np.clip(cv2.cvtColor(new, cv2.COLOR_LAB2RGB) * 255, 0, 255).astype(np.uint8)
        visible = patch.mask == 0 if patch.others is None else (patch.mask == 0) & ~patch.others
        scene = scene_of(patch.pixels, visible, side) if visible.any() else worn
        return np.asarray(cv2.blendLinear(worn, scene, body, 1 - body), np.uint8)


def _dressed(patch: Patch, body: Mask, side: float, soft: float) -> Iterator[tuple[Floats, Floats]]:
    """Yield the share (h, w) of each part, which add up to 1, and its new colour (3,) in CIELAB.

    soft: sigma in pixels of the parts' borders.
    """
    joints = None if patch.points is None or len(patch.points) != JOINTS else patch.points
    part = _parts(body, joints)
    skin, bare = _skin(patch, body, joints, side)
    if skin is not None:
        part = np.where((part == PARTS.index("skin")) & ~bare, PARTS.index("trunk"), part)
    visible = patch.pixels[patch.mask == 0]
    palette = wardrobe(patch.seed, float(visible.mean()) if visible.size else 112.0)[1:]
    colours = cv2.cvtColor(((palette[None] + 1) / 2).astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    if skin is not None:
        colours[PARTS.index("skin")] = skin
    # The majority around a place says whose it is: limbs are round, and seams are not.
    broad, own = max(0.6, _MAJORITY * side), body > 0.5
    most = np.argmax([_smooth((part == n) & own, broad) for n in range(len(PARTS))], axis=0)
    shares = [_smooth(most == n, max(0.6, soft)) for n in range(len(PARTS))]
    total = np.maximum(np.sum(shares, axis=0), 1e-6)
    yield from ((np.asarray(share / total, np.float32), colour) for share, colour in zip(shares, colours, strict=True))


def _parts(body: Mask, joints: Points | None) -> Parts:
    """Return (h, w) the number of each pixel's part; told on a few pixels, which is as exact as joints are."""
    scale = min(1.0, _COARSE / max(body.shape))
    size = max(1, round(body.shape[1] * scale)), max(1, round(body.shape[0] * scale))
    small = cv2.resize(body, size, interpolation=cv2.INTER_AREA) > 0.5
    small = small if small.any() else np.ones_like(small)
    part = parts_of(small, None if joints is None else joints * scale).astype(np.uint8)
    return np.asarray(cv2.resize(part, body.shape[::-1], interpolation=cv2.INTER_NEAREST), np.intp)


def _skin(patch: Patch, body: Mask, joints: Points | None, side: float) -> tuple[Floats | None, NDArray[np.bool_]]:
    """Return (3,) the colour of the face in CIELAB, None where no face is seen, and (h, w) where the person is bare."""
    nowhere = np.zeros(body.shape, bool)
    if joints is None:
        return None, nowhere
    (x, y), radius = head_of(joints)
    cv2.circle(face := nowhere.astype(np.uint8), (round(x), round(y)), max(1, round(FACE * radius)), 1, -1)
    lab = _colours(patch.pixels, body, max(0.6, _FINE * side))
    seen = lab[(face > 0) & (body > 0.5)]
    if not len(seen):
        return None, nowhere
    colour = np.median(seen, axis=0).astype(np.float32)
    if not all(low < value < high for value, (low, high) in zip(colour, _SKIN, strict=True)):
        return None, nowhere
    away = np.linalg.norm((lab - colour) * np.array([0.5, 1, 1], np.float32), axis=2)
    near = _smooth(away < _LIKE_SKIN, max(0.6, 2 * _FINE * side)) > 0.5
    return colour, near | (np.hypot(*(np.indices(body.shape) - np.array([y, x])[:, None, None])) < radius)


def _colours(pixels: Pixels, body: Mask, sigma: float) -> Floats:
    """Return pixels in CIELAB, smoothed among the person's own: the background has no say."""
    weight = np.asarray(np.maximum(body, 1e-4), np.float32)
    spread = cv2.GaussianBlur(pixels * weight[..., None], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    total = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    smooth = (spread / total[..., None] / 255).astype(np.float32)
    return np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)


def _smooth(part: NDArray[np.bool_], sigma: float) -> Floats:
    spread = cv2.GaussianBlur(part.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(spread, np.float32)


def _weave(random: np.random.Generator, shape: tuple[int, ...], side: float) -> Floats:
    """Return (h, w) a fine weave, a few steps of lightness high, of threads whose width follows the subject's size."""
    thread = max(2.0, side / _THREADS)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn = random.uniform(0, np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    return np.asarray(0.5 * np.sin(np.pi * along / thread) + 0.4 * np.sin(np.pi * across / thread), np.float32)
