"""A new head: other hair around a new face. Its pose, light and length of hair stay, and tell as much as those do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import Unfit
from visard.methods.donors import TRAITS
from visard.methods.hair import CORE, FEW, LIKE_SKIN, depth_of, ground_of, lab_of, matte, noise, skin_of, tell_hair
from visard.methods.strength import hidden_side
from visard.methods.surrogate import Surrogate
from visard.shape.landmarks import Vertices
from visard.types import Casting, Form, Goal, Kind, Patch, Pixels

Floats = NDArray[np.float32]

_DYES = (
    (12, 1, 2), (20, 4, 6), (27, 7, 10), (34, 10, 16), (32, 17, 19), (46, 9, 22), (60, 6, 26), (55, 0, 3),
)  # fmt: skip
"""Colours of hair in CIELAB: black, dark brown, brown, chestnut, auburn, dark blond, blond, grey."""

_UNLIKE, _REACH = 9.0, 26.0
"""How far a new colour lies from the old one, at least and at most: farther away hair has no shades to keep."""

_WAVE, _WAVES = 0.035, 7
"""By how much of the hidden side strands are moved, and how many waves of it lie across."""

_BALD = 0.04
"""Share of what is hidden below which there is no hair to dye."""

_TONED = 2.0
"""Deviation of a picture's colours from those of their lightness up to which it has one tone; of twice that, many."""


@dataclass(frozen=True, slots=True)
class Wig:
    """Give the face a donor's, as `surrogate` does, and the hair another colour, other strands and a closer outline.

    What lies between the old outline and the new one is predicted from the scene. similar, bank: as of `surrogate`.
    """

    name: ClassVar[str] = "wig"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    kinds: ClassVar[tuple[Kind, ...]] = ("head",)
    around: ClassVar[float] = 0.25
    identities: ClassVar[bool] = True
    spare: ClassVar[int] = Surrogate.spare

    similar: str = ",".join(TRAITS)
    bank: str = ""

    def __post_init__(self) -> None:
        self._surrogate()

    def cast(self, patches: Sequence[Patch]) -> Casting:
        """Return the method with a face and a colour of hair for each subject (one seed), from its clearest patches."""
        return self._with({}, self._surrogate().cast(patches), patches)

    def fits(self, seed: int) -> bool:
        """Return whether the subject with this seed has a face to wear."""
        return False

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another head; raises Unfit where no face can be made out."""
        return self.cast([patch])(patch)

    def _surrogate(self) -> Surrogate:
        return Surrogate(similar=self.similar, bank=self.bank)

    def _with(self, dyes: Mapping[int, Floats], faces: Casting, patches: Sequence[Patch]) -> Casting:
        chosen = dict(dyes)
        for patch in patches:
            if patch.seed not in chosen and faces.fits(patch.seed) and patch.mesh is not None:
                chosen[patch.seed] = _dye(patch, patch.mesh)
        return _Cast(self.similar, self.bank, faces, chosen)


@dataclass(frozen=True, slots=True)
class _Cast(Wig):
    """The method with its faces, and by how much each subject's hair changes its colour: seed -> CIELAB."""

    faces: Casting = field(default_factory=Surrogate)
    dyes: Mapping[int, Floats] = field(default_factory=dict)

    def cast(self, patches: Sequence[Patch]) -> Casting:
        return self._with(self.dyes, self.faces.cast(patches), patches)

    def fits(self, seed: int) -> bool:
        return seed in self.dyes

    def __call__(self, patch: Patch) -> Pixels:
        if patch.mesh is None or patch.seed not in self.dyes:
            raise Unfit("no face can be made out here")
        scene, share, hair = matte(patch, patch.mesh, tell_hair(patch, patch.mesh))
        hair = hair[..., None]
        worn = share[..., None] * _worn(patch, self.dyes[patch.seed]) + (1 - share[..., None]) * scene
        new = hair * worn + (1 - hair) * self.faces(patch)
        result = ground_of(patch).copy()
        hidden = patch.mask > 0
        result[hidden] = np.clip(np.round(new[hidden]), 0, 255).astype(np.uint8)
        return result


def _dye(patch: Patch, vertices: Vertices) -> Floats:
    """Return (3,) by how much a subject's hair changes its colour in CIELAB: to one that hair has, about as light."""
    hair = (tell_hair(patch, vertices) > 0.8) & (depth_of(patch.mask) > CORE * hidden_side(patch.mask))
    rng, lab = np.random.default_rng(patch.seed), lab_of(patch.pixels, 0.6)
    was = np.median(lab[hair], axis=0) if np.count_nonzero(hair) >= FEW else skin_of(lab, vertices)
    if hair.mean() < _BALD * (patch.mask > 0).mean() or np.linalg.norm(was - skin_of(lab, vertices)) < LIKE_SKIN:
        return np.zeros(3, np.float32)
    away = np.linalg.norm(np.array(_DYES) - was, axis=1)
    fit = np.flatnonzero((away >= _UNLIKE) & (away <= max(_REACH, np.sort(away)[2])))
    change = np.array(_DYES)[rng.choice(fit)] - was
    # Where a picture has one tone, as old photographs have, hair has it, too.
    change[1:] *= np.clip(_hues(lab) / _TONED - 1, 0, 1)
    return np.asarray(change, np.float32)


def _hues(lab: Floats) -> float:
    """Return how far (h, w, 3) CIELAB colours lie beside those that each lightness usually has; 0 for one tone."""
    light, *colours = lab[::2, ::2].reshape(-1, 3).T.astype(np.float64)
    beside = [colour - np.polyval(np.polyfit(light, colour, 3), light) for colour in colours]
    return float(np.sqrt(np.square(beside).mean()))


def _worn(patch: Patch, dye: Floats) -> Floats:
    """Return (h, w, 3) the patch as if all of it were hair: its colour changed, its strands moved."""
    side, rng = hidden_side(patch.mask), np.random.default_rng(patch.seed)
    height, width = patch.mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down = (np.float32(_WAVE * side) * noise(rng, patch.mask, _WAVES) for _ in range(2))
    moved = cv2.remap(patch.pixels, x + across, y + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    was = cv2.cvtColor(moved.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    # No hair is green or blue: less warm than grey becomes only what was so before.
    lab = np.maximum(was + dye, np.minimum(was, 0))
    lab[..., 0] = np.clip(lab[..., 0], 2, 97)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * np.float32(255), np.float32)
