"""A face painted anew from what lies around it; of the old one only pose and expression are taken, no pixel of it.

Landmarks of the hidden face say where the new one looks and whether it smiles; everything that is hidden, hair and
neck at the face's side included, is invented by a small network around the drawing of a donor, who is nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import Unfit
from visard.methods.donors import TRAITS, check_bank, chosen_traits
from visard.methods.donors import bank as open_bank
from visard.methods.dressing import dress, halved, reshape
from visard.methods.grain import match, measure
from visard.methods.scene import SIDE, draw, inputs, moved, outlook, stage, surroundings, upright
from visard.models.inpainter import BRIGHT, EDGE, inpainter
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.shape.similarity import scale_of
from visard.shape.square import invert, see
from visard.types import Casting, Form, Goal, Patch, Pixels

Floats = NDArray[np.float32]

_SMALLEST = 16.0
"""Pixels between the outer corners of the face's outline below which there is nothing to paint."""

_FINEST = 3
"""Times the network's side at which the result is drawn, at most; a donor's texture has no more to show."""

_GREY = np.float32(127.5)
"""The middle of the range, and half of it."""

_SHAPE = 0.8
"""How much of the donor's shape the face takes, as `surrogate` by default."""


@dataclass(frozen=True, slots=True)
class Inpaint:
    """Paint the hidden part from its surroundings, a donor and landmarks (DeepPrivacy of Hukkelås et al. 2019, as a
    refiner of a drawn donor).

    similar: in which of age, sex and skin, by commas, donors fit the scene, as far as it tells; bank: a file of donors
    that `visard train donors` made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "inpaint"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    around: ClassVar[float] = 0.45

    similar: str = ",".join(TRAITS)
    bank: str = ""

    def __post_init__(self) -> None:
        chosen_traits(self.similar)
        check_bank(self.bank)
        inpainter()

    def cast(self, patches: Sequence[Patch]) -> Casting:
        """Return the method with a donor for each subject (one seed), drawn by its key from those who fit the scene."""
        return self._with({}, patches)

    def fits(self, seed: int) -> bool:
        """Return whether the subject with this seed has a donor."""
        return False

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another face; raises Unfit where its landmarks are not known."""
        return self.cast([patch])(patch)

    def _with(self, donors: Mapping[int, int], patches: Sequence[Patch]) -> Casting:
        chosen = dict(donors)
        for patch in patches:
            if patch.seed not in chosen and _vertices(patch) is not None:
                chosen[patch.seed] = _choose(patch, self)
        return _Cast(self.similar, self.bank, chosen)


@dataclass(frozen=True, slots=True)
class _Cast(Inpaint):
    """The method with its donors: seed -> number in the bank."""

    donors: Mapping[int, int] = field(default_factory=dict)

    def cast(self, patches: Sequence[Patch]) -> Casting:
        return self._with(self.donors, patches)

    def fits(self, seed: int) -> bool:
        return seed in self.donors

    def __call__(self, patch: Patch) -> Pixels:
        vertices = _vertices(patch)
        if vertices is None or patch.seed not in self.donors:
            raise Unfit("no face was traced here")
        return _paint(patch, vertices, self.donors[patch.seed], self.bank)


def _vertices(patch: Patch) -> Vertices | None:
    """Return the points of the patch's face; None where none were traced: looking for them would show the pixels."""
    return patch.mesh if patch.mesh is not None and np.ptp(patch.mesh[:, 0]) >= _SMALLEST else None


def _choose(patch: Patch, how: Inpaint) -> int:
    """Return a donor for a patch with a mesh: what its surroundings tell decides who fits, and the seed who of them."""
    donors = open_bank(how.bank)
    assert patch.mesh is not None, "only faces with a mesh get a donor"
    pose = canonical().fit_pose(patch.mesh)
    to_square = upright(pose, patch.mask)
    filled, known = surroundings(patch.pixels, patch.mask, to_square)
    told = inpainter().guess(outlook(filled, known, donors.identity(pose.lift(patch.mesh))))
    order = donors.suited(told[:7], told[7:], chosen_traits(how.similar), np.random.default_rng(patch.seed))
    return int(order[0])


def _paint(patch: Patch, vertices: Vertices, donor: int, bank: str) -> Pixels:
    donors, face = open_bank(bank), canonical()
    pose = face.fit_pose(vertices)
    to_square = upright(pose, patch.mask)
    filled, known = surroundings(patch.pixels, patch.mask, to_square)
    ours = moved(reshape(donors, vertices, pose, donor, _SHAPE), to_square)
    there = face.fit_pose(moved(vertices, to_square))
    staged = stage(ours, there)
    texture = dress(donors, donor)[0]
    light, paint, alpha, clear = inpainter()(inputs(filled, known, draw(halved(texture), staged), staged))
    # The network's maps are smooth or soft; the donor is drawn as large as the picture shows it.
    times = int(np.clip(np.ceil(1 / scale_of(to_square)), 1, _FINEST))
    side = times * SIDE
    if times > 1:
        staged = stage(ours * np.float32(times), there, side)
        filled, paint, alpha, clear = (_enlarged(v, side, cv2.INTER_CUBIC) for v in (filled, paint, alpha, clear))
    lit = draw(texture if times > 1 else halved(texture), staged)
    lit *= np.exp(np.clip(_enlarged(light, side, cv2.INTER_LINEAR), -BRIGHT, BRIGHT))
    shown = staged.drawn / (1 + np.exp(-(alpha + EDGE * (2 * staged.drawn - 1))))
    # As `nets.inpaint.compose`, in which colours run from -1 to 1.
    around = (filled - _GREY) / (1 + np.exp(clear - EDGE))[..., None] + _GREY + _GREY * paint
    whole = shown[..., None] * lit + (1 - shown[..., None]) * around
    back = invert(np.asarray(to_square * times, np.float64))
    new = see(np.asarray(whole, np.float32), back, len(patch.mask), len(patch.mask[0]), enlarge=cv2.INTER_CUBIC)
    hidden = patch.mask > 0
    # Grain is measured on the new picture: beside the old one's hidden pixels it would tell of them.
    whole = np.where(hidden[..., None], new, patch.pixels)
    new = match(new, measure(whole, hidden), measure(whole, ~hidden), patch.seed)
    result = patch.pixels.copy()
    result[hidden] = np.clip(np.round(new[hidden]), 0, 255).astype(np.uint8)
    return result


def _enlarged(values: Floats, side: int, how: int) -> Floats:
    return np.asarray(cv2.resize(values, (side, side), interpolation=how), np.float32)
