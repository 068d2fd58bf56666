"""Face and hair painted by diffusion, around what may stay to the bit; how like the old one, the start time says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.methods.cast import Cast
from visard.methods.diffusion import Denoiser, path, repaint
from visard.methods.placed import put_back
from visard.methods.scene import surroundings, upright
from visard.methods.strength import check_share, drawn_by
from visard.models.denoiser import SIDE, denoiser
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.shape.square import see
from visard.types import Patch, Pixels

Floats = NDArray[np.float32]

_STEPS, _JUMP, _TIMES = 50, 10, 2
"""Levels on the way from noise to a picture, and RePaint's stretches and how often each is gone."""


@dataclass(frozen=True, slots=True)
class Diffuse(Cast):
    """Begin with the face drowned in noise, and clear it into another (RePaint and SDEdit; seed 001's last chapter).

    strength: SDEdit's start time; at 1 nothing but noise is left of the old face. weights: a file that `visard train
    export` made of a denoiser; empty for the one that visard ships.
    """

    name: ClassVar[str] = "diffuse"
    blind: ClassVar[bool] = False

    strength: float = 1.0
    weights: str = ""

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        denoiser(self.weights)

    def _role(self, patch: Patch, vertices: Vertices) -> int:
        return drawn_by(patch)

    def _paint(self, patch: Patch, vertices: Vertices, role: int) -> Pixels:
        to_square = upright(canonical().fit_pose(vertices), patch.mask, SIDE)
        filled, known = surroundings(patch.pixels, patch.mask, to_square, SIDE)
        guide = see(patch.pixels, to_square, SIDE, SIDE).astype(np.float32) if self.strength < 1 else None
        return put_back(patch, paint(denoiser(self.weights), filled, known, guide, self.strength, role), to_square)


def paint(denoise: Denoiser, filled: Floats, known: Floats, guide: Floats | None, strength: float, seed: int) -> Floats:
    """Return (S, S, 3) colours, 0 to 255, as they were where known (S, S) is 1, and painted elsewhere.

    guide: (S, S, 3) what to begin with, None for nothing but noise; strength: where in the chain to begin.
    """
    rng = np.random.default_rng(seed)
    picture = _inward(filled)

    def noise() -> Floats:
        return rng.standard_normal(picture.shape, np.float32)

    begin = None if guide is None else _inward(guide)
    way = path(_STEPS, strength)
    new = repaint(denoise, picture, 1 - known[None, None], way, noise, _JUMP, _TIMES, begin)
    return np.where(known[..., None] > 0, filled, new[0].transpose(1, 2, 0) * 127.5 + 127.5).astype(np.float32)


def _inward(colour: Floats) -> Floats:
    return np.ascontiguousarray((colour / 127.5 - 1).transpose(2, 0, 1)[None], np.float32)
