"""One donor from the textures of at least eight people: evenly lit, aligned, averaged where skin is seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.mesh import TEXTURE, sample
from visard.shape.texture import SCENE_LIGHT, bare, inside, rim, skin, skin_tone, spread
from visard.types import Mask, Pixels

Floats = NDArray[np.float32]

LEAST = 8
"""People in a donor, at least: below that an average starts to resemble its people."""

_ROUNDS = 2
"""Alignments: the first average is soft, and what is aligned with it makes a sharper one."""

_TURNED = 2.6
"""How fast the half of a face that is turned away loses weight, per sine of the yaw."""

_MOVE = 7.0
"""Texels by which optical flow may move anything; more would be another feature."""

_FLOW_SIGMA = 4.0
"""Blur of the flow in texels: features move as a whole."""

_OUTLIER = 14.0
"""Difference from the median, of 255, at which a person's texel counts half: fringes, glints, glasses."""

_GAIN = (1.7, 1.5)
"""How much the finest and the next band, which averaging weakens, are raised at most."""

_BANDS = (1.2, 4.0)
"""Sigmas in texels that end these bands."""

_DARK = 8.0
"""Added to values before they are divided, so that black stays black."""


def blend(textures: Sequence[Pixels], yaws: Sequence[float]) -> Pixels:
    """Return the (256, 256, 3) donor of K people's textures, whose heads were turned by yaws in degrees.

    Raises ValueError for fewer than 8. Flow: DIS (Kroeger et al. 2016).
    """
    if len(textures) < LEAST:
        raise ValueError(f"a donor needs {LEAST} people, not {len(textures)}")
    weights = np.stack([_weight(texture, yaw) for texture, yaw in zip(textures, yaws, strict=True)])
    faces = _same_light(np.stack(textures).astype(np.float32), weights)
    mean = _mean(faces, weights)
    for _ in range(_ROUNDS):
        moved, trust = _align(faces, weights, mean)
        away = np.abs(moved - np.median(moved, axis=0)).mean(axis=-1)
        trust = trust / (1 + (np.stack([_blur(a, 2) for a in away]) / _OUTLIER) ** 4)
        mean = _mean(moved, trust)
    return _sharpen(_fill(mean, trust), moved)


def _weight(texture: Pixels, yaw: float) -> Mask:
    """Return how far each texel may be trusted: skin or feature, on the side that faces the camera."""
    side = np.linspace(-1, 1, TEXTURE, dtype=np.float32)[None]
    towards = np.clip(1 - _TURNED * np.maximum(0, side * np.float32(np.sin(np.radians(yaw)))), 0.05, 1)
    # Eroded, because a boundary's texels are a mixture.
    sure = cv2.erode(np.asarray(towards * skin(texture, skin_tone(texture)), np.float32), np.ones((5, 5)))
    return _blur(np.asarray(sure, np.float32), 2)


def _same_light(faces: Floats, weights: Floats) -> Floats:
    """Return faces (K, 256, 256, 3) in their common light, half of it even."""
    lights = np.stack([spread(f, w + 1e-3 * inside(), SCENE_LIGHT) for f, w in zip(faces, weights, strict=True)])
    common = np.exp(np.log(lights + _DARK).mean(axis=0))
    common = (common + np.median(common.reshape(-1, 3)[bare()], axis=0)) / 2
    ratio = np.clip(common / (lights + _DARK), 0.35, 2.8)
    return np.asarray(np.clip((faces + _DARK) * ratio - _DARK, 0, 255), np.float32)


def _align(faces: Floats, weights: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return faces and their weights with features where the mean has them."""
    opencv: Any = cv2  # its stubs lack the flow
    search = opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_FAST)
    target, moved, trust = _grey(mean), [], []
    for face, weight in zip(faces, weights, strict=True):
        flow = np.asarray(search.calc(target, _grey(face), np.zeros((TEXTURE, TEXTURE, 2), np.float32)), np.float32)
        places = _grid() + np.clip(_blur(flow, _FLOW_SIGMA), -_MOVE, _MOVE)
        moved.append(sample(face, places, cv2.BORDER_REPLICATE))
        trust.append(sample(weight, places))
    return np.stack(moved), np.stack(trust)


def _fill(mean: Floats, trust: Floats) -> Floats:
    """Return the mean with the rim, and what too few people showed, filled from the skin around it."""
    enough = _blur(np.minimum(np.clip(trust.sum(axis=0) / (0.25 * len(trust)), 0, 1), inside()), 2)
    good = ((enough > 0.6) & (rim() > 4)).astype(np.float32)
    near = np.clip(3 * _blur(good, 6), 0, 1)[..., None]
    around = near * spread(mean, good, 6) + (1 - near) * spread(mean, good, 25)
    own = np.clip(1.4 * _blur(good, 3) - 0.2, 0, 1)[..., None]
    return np.asarray(own * mean + (1 - own) * around, np.float32)


def _sharpen(mean: Floats, faces: Floats) -> Pixels:
    """Return the mean with the fine bands, which averaging weakens, as strong as people's usually are."""
    core = rim() > 12
    usual = np.median([[band[core].std() for band in _split(face)] for face in faces], axis=0)
    out = mean.copy()
    for band, strength, most in zip(_split(mean), usual, _GAIN, strict=True):
        out += (min(most, float(strength) / max(float(band[core].std()), 1e-3)) - 1) * band
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def _split(face: Floats) -> tuple[Floats, Floats]:
    fine, coarse = (_blur(face, sigma) for sigma in _BANDS)
    return face - fine, fine - coarse


def _mean(faces: Floats, weights: Floats) -> Floats:
    total = weights.sum(axis=0)[..., None] + np.float32(1e-3)
    return np.asarray((faces * weights[..., None]).sum(axis=0) / total, np.float32)


def _grey(face: Floats) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.clip(face, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY), np.uint8)


def _blur(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


@cache
def _grid() -> Floats:
    x, y = np.meshgrid(np.arange(TEXTURE, dtype=np.float32), np.arange(TEXTURE, dtype=np.float32))
    return np.stack([x, y], axis=-1)
