"""A face painted anew from what lies around it; of the old one only pose and expression are taken, no pixel of it.

Landmarks of the hidden face say where the new one looks and whether it smiles; everything that is hidden, hair and
neck at the face's side included, is invented by a small network around the drawing of a donor, who is nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.cast import Cast
from visard.methods.donors import TRAITS, check_bank, chosen_traits
from visard.methods.donors import bank as open_bank
from visard.methods.dressing import dress, halved, reshape
from visard.methods.placed import put_back
from visard.methods.scene import SIDE, Stage, draw, inputs, moved, stage, surroundings, upright
from visard.methods.suited import suited
from visard.methods.tone import matched, white
from visard.models.inpainter import BRIGHT, EDGE, inpainter
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.shape.similarity import scale_of
from visard.types import Mask, Patch, Pixels

Floats = NDArray[np.float32]

_FINEST = 3
"""Times the network's side at which the result is drawn, at most; a donor's texture has no more to show."""

_SOFT = 5.0
"""Pixels of the network's square from its outline within which a donor fades."""

_GREY = np.float32(127.5)
"""The middle of the range, and half of it."""

_SHAPE = 0.8
"""How much of the donor's shape the face takes, as `surrogate` by default."""


@dataclass(frozen=True, slots=True)
class Inpaint(Cast):
    """Paint the hidden part from its surroundings, a donor and landmarks (DeepPrivacy of Hukkelås et al. 2019, as a
    refiner of a drawn donor).

    similar: in which of age, sex and skin, by commas, donors fit the scene, as far as it tells; bank: a file of donors
    that `visard train donors` made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "inpaint"

    similar: str = ",".join(TRAITS)
    bank: str = ""

    def __post_init__(self) -> None:
        chosen_traits(self.similar)
        check_bank(self.bank)
        inpainter()

    def _role(self, patch: Patch, vertices: Vertices) -> int | None:
        return suited(patch, vertices, open_bank(self.bank), chosen_traits(self.similar))

    def _paint(self, patch: Patch, vertices: Vertices, role: int) -> Pixels:
        return _paint(patch, vertices, role, self.bank)


def _paint(patch: Patch, vertices: Vertices, donor: int, bank: str) -> Pixels:
    donors, face = open_bank(bank), canonical()
    pose = face.fit_pose(vertices)
    to_square = upright(pose, patch.mask)
    filled, known = surroundings(patch.pixels, patch.mask, to_square)
    ours = moved(reshape(donors, vertices, pose, donor, _SHAPE), to_square)
    there = face.fit_pose(moved(vertices, to_square))
    staged = stage(ours, there)
    texture = dress(donors, donor)[0]
    seen = draw(halved(texture), staged)
    light, paint, alpha, clear = inpainter()(inputs(filled, known, seen, staged))
    light = np.clip(white(light), -BRIGHT, BRIGHT)
    lit = seen * np.exp(_enlarged(light, SIDE, cv2.INTER_LINEAR))
    # As `nets.inpaint.compose`, in which colours run from -1 to 1.
    around = (filled - _GREY) / (1 + np.exp(clear - EDGE))[..., None] + _GREY + _GREY * paint
    around = matched(around, filled, paint, lit, _shown(staged, alpha), known)
    # The network's maps are smooth or soft; the donor is drawn as large as the picture shows it.
    times = int(np.clip(np.ceil(1 / scale_of(to_square)), 1, _FINEST))
    side = times * SIDE
    if times > 1:
        staged = stage(ours * np.float32(times), there, side)
        around, alpha = (_enlarged(v, side, cv2.INTER_CUBIC) for v in (around, alpha))
        lit = draw(texture, staged) * np.exp(_enlarged(light, side, cv2.INTER_LINEAR))
    shown = _shown(staged, alpha)[..., None]
    return put_back(patch, np.asarray(shown * lit + (1 - shown) * around, np.float32), to_square * times)


def _shown(staged: Stage, alpha: Floats) -> Mask:
    """Return (S, S) how much of the donor shows, softly towards its outline on the square, open lips aside."""
    whole = cv2.morphologyEx((staged.texel[..., 0] >= 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    depth = np.clip(cv2.distanceTransform(whole, cv2.DIST_L2, 5) * SIDE / (_SOFT * len(whole)), 0, 1)
    share = depth * depth * (3 - 2 * depth) * staged.drawn
    return np.asarray(share / (1 + np.exp(-(alpha + EDGE * (2 * staged.drawn - 1)))), np.float32)


def _enlarged(values: Floats, side: int, how: int) -> Floats:
    return np.asarray(cv2.resize(values, (side, side), interpolation=how), np.float32)
