"""Room 4, CUT: what lies where in a face's flat texture: skin, features, light."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.mesh import EYES, TEXTURE, canonical
from visard.types import Mask, Pixels

Floats = NDArray[np.float32]
Cells = NDArray[np.intp]

_LIPS = (61, 291, 0, 17, 37, 267, 84, 314)
_NOSTRILS = (1, 4, 98, 327, 168, 2, 48, 278)
_SKIN_SPOTS = ((50, 12), (280, 12), (4, 10), (151, 12), (205, 10), (425, 10))
"""Vertices of cheeks, nose and forehead, and radii in texels, where a face is bare more often than not."""

_MIDDLE, _FOREHEAD = (0, 1, 2), 3
"""Which of these spots are cheeks and the tip of the nose, and the forehead."""

_UPPER_LIP, _MOUTH = (98, 2, 327, 391, 165), (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
_CHEEKS = ((50, 101, 36, 205, 187, 123), (280, 330, 266, 425, 411, 352))
"""Vertices around the skin where a moustache grows, the lips that take a part of it, and the middle of the cheeks."""

_LIKE_SKIN = 22.0
"""Distance in Lab, lightness counted a third, at which a texel is no longer skin."""

_SPLIT = 50.0, 80.0
"""Levels by which a quarter of a face's bare spots, and one cheek, are lighter than the middle of them, from which on
one side may be in the shade, and is: of 780 photos of 267 people seven have 70 or more, with sharp shadows or hair all;
dark skin that shines has up to 54."""

_DARK, _SHADED = 0.6, 0.5
"""Lightness over the skin's below which glass is dark, and the share of such texels under both eyes that tells it: on
780 photos of 267 people all eleven of .5 and more wear dark glasses or thick frames, and none below .41 does."""

_UNDER, _GLASS = (7, 16), 28
"""Texels around the eyes' corners between which the skin lies that dark glasses hide, and as far as they reach."""

_BRIDGE, _LOWER = (6, 122, 351, 197), (205, 207, 214, 210, 169, 170, 171, 175, 396, 395, 394, 430, 434, 427, 425, 2)
"""Vertices around the bridge of the nose, which like the skin under the eyes is bare above a mask, and around the lower
face."""

_FOREIGN, _WORN = 20.0, 0.6
"""Distance in a and b of Lab from that skin at which a texel is something else, and the share of such texels in the
lower face that tells a mask; no bare face of 90 group photos has it."""

_OTHER, _PER_LEVEL, _UNLIKE = 12.0, 0.2, 14.4
"""The least difference in L, how much of it counts, and the least sum with that distance, of nose and both cheeks that
tells a mask, too; beards grow below. Of 181 drawn on faces 154 white, 160 blue, 174 grey, 181 black ones are told."""

_LEFT = 0.5
"""Share of the usual spots that must be in sight, or the skin under the eyes tells the tone; and of the mouth."""

SCENE_LIGHT = 30.0
"""Sigma in texels of what counts as light, or as what it does to a face."""

_AMBIENT = 60.0
"""Sigma in texels of the light that a new face takes over: finer shading shows the old one's shape, and so who it was.
With 30 a recogniser put 17.0 % of 400 photos first, with 45 12.2, with 60 11.7; nobody saw the difference."""


@cache
def inside() -> Mask:
    """Return 1 for the texels of the face, 0 outside."""
    return canonical().inside.astype(np.float32)


@cache
def rim() -> Mask:
    """Return each texel's distance to the face's outline, in texels; 0 outside."""
    return np.asarray(cv2.distanceTransform(canonical().inside.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


@cache
def plain() -> Mask:
    """Return 1 where a face is skin, 0 at eyes, brows, lips and nostrils, soft in between."""
    features = np.zeros((TEXTURE, TEXTURE), np.uint8)
    for vertices, grow in ((EYES[0], 14), (EYES[1], 14), (_LIPS, 10), (_NOSTRILS, 4)):
        part = _hull(tuple(vertices)).astype(np.uint8)
        features |= np.asarray(cv2.dilate(part, np.ones((3, 3)), iterations=grow), np.uint8)
    return np.asarray(cv2.GaussianBlur(1 - features.astype(np.float32), (0, 0), 4), np.float32)


def upper_lip(texture: Pixels) -> float:
    """Return how light the skin above the mouth is beside the cheeks: under a moustache less than 0.8."""
    above, beside = (float(_lab(texture, cells)[:, 0].mean()) for cells in _lip_and_cheeks())
    return above / max(beside, 1.0)


def lopsidedness(texture: Pixels) -> float:
    """Return how much a face's halves differ, in levels of Lab, light from one side aside; donors: 8 in the middle."""
    half = TEXTURE // 2, TEXTURE // 2
    lab = cv2.cvtColor(texture, cv2.COLOR_RGB2LAB).astype(np.float32)
    shade = cv2.resize(_coarse(lab, inside(), SCENE_LIGHT), half)
    fine = cv2.GaussianBlur(cv2.resize(lab, half, interpolation=cv2.INTER_AREA) - shade, (0, 0), 1.5)
    within = cv2.resize(rim(), half, interpolation=cv2.INTER_AREA) > 6
    both = within & within[:, ::-1]
    return float(np.sqrt(np.square(fine - fine[:, ::-1])[both].sum(axis=-1).mean()))


@cache
def _lip_and_cheeks() -> tuple[Cells, Cells]:
    return np.flatnonzero(_hull(_UPPER_LIP) & ~_hull(_MOUTH)), np.concatenate(_cheeks())


@cache
def _cheeks() -> tuple[Cells, ...]:
    return tuple(np.flatnonzero(_hull(cheek)) for cheek in _CHEEKS)


def _lab(texture: Pixels, cells: Cells) -> Pixels:
    """Return (n, 3) some texels in Lab."""
    return np.asarray(cv2.cvtColor(texture.reshape(-1, 3)[cells][None], cv2.COLOR_RGB2LAB)[0], np.uint8)


@cache
def _hull(vertices: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return (256, 256) the texels within the convex hull of some vertices."""
    part = np.zeros((TEXTURE, TEXTURE), np.uint8)
    cv2.fillConvexPoly(part, cv2.convexHull(np.round(canonical().uv[list(vertices)]).astype(np.int32)), (1,))
    return part > 0


@cache
def bare() -> Cells:
    """Return which texels, of all in rows, are of cheeks, nose and forehead, bare more often than not."""
    return np.unique(np.concatenate([_bare_spot(place) for place in range(len(_SKIN_SPOTS))]))


@cache
def _bare_spot(place: int) -> Cells:
    """Return the texels of one of the spots."""
    vertex, radius = _SKIN_SPOTS[place]
    y, x = np.mgrid[0:TEXTURE, 0:TEXTURE]
    return np.flatnonzero(np.hypot(x - canonical().uv[vertex, 0], y - canonical().uv[vertex, 1]) < radius)


def skin_tone(texture: Pixels) -> Floats:
    """Return the median (L, a, b) of the face's bare spots, each 0 to 255, but for what is `covered`.

    Where one side is in the shade, of a sharp shadow or of hair, it is that of the lighter half.
    """
    hidden = covered(texture).ravel()
    cells = next((c for c in (bare(), _bridge()) if (hidden[c] < 0.5).mean() > _LEFT), bare())
    spots = _lab(texture, cells[hidden[cells] < 0.5] if hidden[cells].min() < 0.5 else cells).astype(np.float32)
    middle, light = np.percentile(spots[:, 0], (50, 75))
    side = max(float(np.median(_lab(texture, cheek)[:, 0])) for cheek in _cheeks())
    tone, shaded = np.median(spots, axis=0), np.interp(min(light, side) - middle, _SPLIT, (0, 1))
    if shaded:
        tone = tone + shaded * (np.median(spots[spots[:, 0] > middle], axis=0) - tone)
    return np.asarray(tone, np.float32)


def skin(texture: Pixels, tone: Floats) -> Mask:
    """Return how much each texel looks like skin of the face's own `skin_tone`, 0 to 1; features always do."""
    half = TEXTURE // 2, TEXTURE // 2
    smooth = cv2.GaussianBlur(cv2.resize(texture, half, interpolation=cv2.INTER_AREA), (0, 0), 0.75)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.float32)
    away = (lab - tone) * np.array([0.35, 1.3, 1.3], np.float32)
    near = np.einsum("hwc,hwc->hw", away, away) ** 2 / _LIKE_SKIN**4
    like = cv2.resize(np.exp(-near), (TEXTURE, TEXTURE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(like, 1 - plain()) * inside(), np.float32)


def shades(texture: Pixels) -> Mask:
    """Return 1 for the texels of dark glasses and their surroundings, 0 for all others, soft in between."""
    least = _DARK * np.median(_lab(texture, bare())[:, 0])
    if min(float((_lab(texture, under)[:, 0] < least).mean()) for under in _under_eyes()) < _SHADED:
        return np.zeros((TEXTURE, TEXTURE), np.float32)
    dark = cv2.cvtColor(texture, cv2.COLOR_RGB2LAB)[..., 0] < least
    near, reach = (np.maximum(*(_around(eye, grow) for eye in EYES)) for grow in (_UNDER[1], _GLASS))
    glass = cv2.dilate((reach & (dark | near)).astype(np.float32), np.ones((7, 7)))
    return np.asarray(cv2.GaussianBlur(glass, (0, 0), 3), np.float32)


def worn(texture: Pixels) -> Mask:
    """Return 1 for the texels of a mask or scarf, or what else is before the lower face, soft, 0 for all others.

    It is unlike the skin under the eyes. Where that is darker, or dark glass, it must be unlike the forehead as well.
    """
    under, above = _colour(texture, _bridge()), _colour(texture, _bare_spot(_FOREHEAD))
    lit = under[0] < _colour(texture, _lower_face())[0]
    if not _unlike(texture, under) or (lit and (shades(texture).any() or not _unlike(texture, above))):
        return np.zeros((TEXTURE, TEXTURE), np.float32)
    away, level = _away(np.asarray(cv2.cvtColor(texture, cv2.COLOR_RGB2LAB), np.uint8), under)
    cloth = (away > _FOREIGN) | _is_other(away, level)
    cloth[: int(canonical().uv[_BRIDGE[0], 1])] = False
    closed = cv2.morphologyEx(cloth.astype(np.float32), cv2.MORPH_CLOSE, np.ones((9, 9)))
    return np.asarray(cv2.GaussianBlur(cv2.dilate(closed, np.ones((7, 7))), (0, 0), 3), np.float32)


def _unlike(texture: Pixels, skin: Floats) -> bool:
    """Return whether the lower face, or nose and both cheeks, are of another stuff than skin of a colour."""
    spots = np.stack([_colour(texture, _bare_spot(place)) for place in _MIDDLE])
    tints, levels = _away(spots, skin)
    lower = _away(_lab(texture, _lower_face()), skin)[0]
    return bool((lower > _FOREIGN).mean() >= _WORN or _is_other(tints.min(), levels.min()))


def _colour(texture: Pixels, cells: Cells) -> Floats:
    """Return the median (L, a, b) of some texels."""
    return np.asarray(np.median(_lab(texture, cells), axis=0), np.float32)


def _away(lab: Pixels | Floats, skin: Floats) -> tuple[Floats, Floats]:
    """Return how far colours (..., 3) lie from that of skin, in a and b, and in L."""
    off = lab.astype(np.float32) - skin
    return np.asarray(np.linalg.norm(off[..., 1:], axis=-1), np.float32), np.abs(off[..., 0])


def _is_other(tint: Floats | np.float32, level: Floats | np.float32) -> NDArray[np.bool_]:
    """Return whether differences from skin are those of white or black cloth."""
    return np.asarray((level > _OTHER) & (tint + _PER_LEVEL * level > _UNLIKE))


def covered(texture: Pixels) -> Mask:
    """Return 1 for the texels of a face that dark glasses or a mask hide, 0 for all others, soft in between."""
    return cloth if (cloth := worn(texture)).any() else shades(texture)


def mouth_in_sight(clear: Mask) -> bool:
    """Return whether the mouth lies where a texture is clear, 0 to 1: nothing is worn or held before it."""
    return bool(clear[_hull(_LIPS)].mean() > _LEFT)


@cache
def _bridge() -> Cells:
    """Return the skin under the eyes and between them, a sixth of it: that tells as much."""
    return np.concatenate([*_under_eyes(), np.flatnonzero(_hull(_BRIDGE))])[::6]


@cache
def _lower_face() -> Cells:
    """Return the lower face but for the lips, a texel in twelve."""
    lips = cv2.dilate(_hull(_LIPS).astype(np.uint8), np.ones((5, 5)), iterations=2) > 0
    return np.flatnonzero(_hull(_LOWER) & ~lips)[::12]


@cache
def _under_eyes() -> tuple[Cells, ...]:
    """Return the skin under each eye, without lashes and brows."""
    below = [np.arange(TEXTURE)[:, None] > canonical().uv[list(eye), 1].mean() for eye in EYES]
    rings = [_around(eye, _UNDER[1]) & ~_around(eye, _UNDER[0]) for eye in EYES]
    return tuple(np.flatnonzero(ring & low) for ring, low in zip(rings, below, strict=True))


@cache
def _around(eye: tuple[int, ...], grow: int) -> NDArray[np.bool_]:
    return cv2.dilate(_hull(tuple(eye)).astype(np.uint8), np.ones((3, 3)), iterations=grow) > 0


def spread(values: Floats, weight: Mask, sigma: float) -> Floats:
    """Return (256, 256, 3) values blurred over texels as much as these weigh; sigma in texels."""
    return np.asarray(cv2.resize(_coarse(values, weight, sigma), (TEXTURE, TEXTURE)), np.float32)


def light(texture: Pixels | Floats, seen: Mask) -> Floats:
    """Return the light on a texture (256, 256, 3), on a coarse grid; seen: how much each texel tells of it."""
    return _coarse(texture.astype(np.float32, copy=False), seen, SCENE_LIGHT)


def _coarse(values: Floats, weight: Mask, sigma: float) -> Floats:
    # The reduction loses nothing that such a blur would keep.
    step = max(1, int(sigma / 4))
    size = TEXTURE // step, TEXTURE // step
    heavy, weights = (
        cv2.GaussianBlur(cv2.resize(each, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / step)
        for each in (cv2.multiply(values, cv2.merge([weight] * 3)), weight)
    )
    return np.asarray(heavy / (weights[..., None] + 1e-4), np.float32)


def ambient(texture: Pixels, seen: Mask, usual: Floats) -> Floats:
    """Return the `light` that a new face takes over from a texture: coarser, shaded as faces usually are.

    usual: how much lighter each place of a face is than its surroundings, on the grid of `light`.
    """
    coarse = _coarse(texture.astype(np.float32), seen, _AMBIENT)
    return np.asarray(cv2.resize(coarse, usual.shape[1::-1]) * usual, np.float32)


def relief(texture: Floats) -> Floats:
    """Return how much lighter each place of a face is than its surroundings, on the grid of `light`."""
    fine = _coarse(texture, inside(), SCENE_LIGHT)
    return np.asarray(fine / cv2.resize(_coarse(texture, inside(), _AMBIENT), fine.shape[1::-1]), np.float32)


def relight(texture: Floats, ours: Floats, theirs: Floats) -> Floats:
    """Return a texture (256, 256, 3) under another's `light` instead of its own.

    Both are compared in bands coarser than `SCENE_LIGHT` only (illumination ratio, Liu, Shan and Zhang 2001).
    """
    ratio = np.clip((theirs + 8) / (ours + 8), 0.15, 5.0)
    ratio = cv2.resize(ratio, (TEXTURE, TEXTURE), interpolation=cv2.INTER_LINEAR)
    return np.asarray((texture + np.float32(8)) * ratio - np.float32(8), np.float32)
