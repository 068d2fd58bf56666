"""A new head: other hair around a new face. Its pose, light and length of hair stay, and tell as much as those do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import Unfit
from visard.methods.cancel import Cancel
from visard.methods.donors import TRAITS
from visard.methods.scene import fill_in
from visard.methods.strength import hidden_side
from visard.methods.surrogate import Surrogate
from visard.shape.landmarks import Vertices
from visard.shape.mesh import OVAL
from visard.types import Casting, Form, Goal, Kind, Mask, Patch, Pixels

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

_DYES = (
    (12, 1, 2), (20, 4, 6), (27, 7, 10), (34, 10, 16), (32, 17, 19), (46, 9, 22), (60, 6, 26), (55, 0, 3),
)  # fmt: skip
"""Colours of hair in CIELAB: black, dark brown, brown, chestnut, auburn, dark blond, blond, grey."""

_UNLIKE, _REACH = 9.0, 26.0
"""How far a new colour lies from the old one, at least and at most: farther away hair has no shades to keep."""

_FEW = 30
"""Pixels of hair that have a colour, at least."""

_CORE, _DEEP = 0.12, 0.3
"""How deep inside, in hidden sides, everything that is no skin is hair by its colour, and by its place alone."""

_THIN = 12.0
"""Half the width in pixels up to which a hole beside the hair is filled smoothly."""

_TRIM = (0.05, 0.11)
"""By how much of the hidden side the outline of the hair is cut back, at least and at most."""

_WAVE, _WAVES = 0.035, 7
"""By how much of the hidden side strands are moved, and how many waves of it lie across."""

_GAP = 0.02
"""Half the width, in hidden sides, of the narrowest opening through which the scene shows between hair."""

_BALD = 0.04
"""Share of what is hidden below which there is no hair to dye."""

_TONED = 2.0
"""Deviation of a picture's colours from those of their lightness up to which it has one tone; of twice that, many."""

_LIKE_SKIN = 14.0
"""Distance in CIELAB, lightness counted half, up to which something beside a face is its skin."""

_SOFT = 0.025
"""Softness of the new outline, in hidden sides."""


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
        hair = _hair(patch, patch.mesh)[..., None]
        scene, share = _matte(patch, patch.mesh, hair[..., 0])
        worn = share[..., None] * _worn(patch, self.dyes[patch.seed]) + (1 - share[..., None]) * scene
        new = hair * worn + (1 - hair) * self.faces(patch)
        result = _ground(patch).copy()
        hidden = patch.mask > 0
        result[hidden] = np.clip(np.round(new[hidden]), 0, 255).astype(np.uint8)
        return result


def _hair(patch: Patch, vertices: Vertices) -> Mask:
    """Return (h, w) how much of each hidden pixel is hair: what is not skin, around the face and over the forehead."""
    face = _face(patch, vertices)
    lab = _lab(patch.pixels, max(0.6, 0.006 * hidden_side(patch.mask)))
    away = lab - _skin(lab, vertices)
    # Shine on a forehead is lighter and greyer than its skin, as white hair is; it lies within the face's outline.
    shine = (face > 0) & (away[..., 0] > 0)
    away[shine] = np.maximum(away[shine], 0) * np.array([0, 1, 1], np.float32)
    away *= np.array([0.5, 1.2, 1.2], np.float32)
    bald = np.exp(-(((away * away).sum(axis=-1) / _LIKE_SKIN**2) ** 2))
    # Below the brows everything within the face's outline is face.
    brows, chin = vertices[[105, 334], :2].mean(axis=0), vertices[152, :2]
    height, width = patch.mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    tall = max(float(np.hypot(*(chin - brows))), 1e-6)
    down = (chin - brows) / tall
    along = ((x - brows[0]) * down[0] + (y - brows[1]) * down[1]) / tall
    forehead = np.clip(-along / 0.15, 0, 1)
    open_ = np.where(face > 0, forehead, 1.0)
    # Under the chin lies the neck, whatever is worn there.
    across = np.abs((x - brows[0]) * down[1] - (y - brows[1]) * down[0]) / tall
    neck = np.clip((along - 0.8) / 0.15, 0, 1) * np.clip((0.75 - across) / 0.15, 0, 1)
    hair = (1 - bald) * open_ * (1 - neck)
    soft = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), max(0.6, 0.008 * hidden_side(patch.mask)))
    return np.asarray(soft * (patch.mask > 0), np.float32)


def _face(patch: Patch, vertices: Vertices) -> NDArray[np.uint8]:
    """Return (h, w), 1 within the face's outline."""
    face = np.zeros(patch.mask.shape, np.uint8)
    cv2.fillPoly(face, [np.round(vertices[list(OVAL), :2]).astype(np.int32)], 1)
    return face


def _skin(lab: Floats, vertices: Vertices) -> Floats:
    """Return the median CIELAB colour of cheeks, nose and forehead."""
    spots = np.round(vertices[[50, 280, 4, 151, 205, 425], :2]).astype(int)[:, ::-1]
    spots = spots.clip(0, np.array(lab.shape[:2]) - 1)
    return np.asarray(np.median(lab[spots[:, 0], spots[:, 1]], axis=0), np.float32)


def _lab(pixels: Pixels, sigma: float) -> Floats:
    smooth = cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)


def _dye(patch: Patch, vertices: Vertices) -> Floats:
    """Return (3,) by how much a subject's hair changes its colour in CIELAB: to one that hair has, about as light."""
    hair = (_hair(patch, vertices) > 0.8) & (_depth(patch.mask) > _CORE * hidden_side(patch.mask))
    rng, lab = np.random.default_rng(patch.seed), _lab(patch.pixels, 0.6)
    was = np.median(lab[hair], axis=0) if np.count_nonzero(hair) >= _FEW else _skin(lab, vertices)
    if hair.mean() < _BALD * (patch.mask > 0).mean() or np.linalg.norm(was - _skin(lab, vertices)) < _LIKE_SKIN:
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
    across, down = (np.float32(_WAVE * side) * _noise(rng, patch.mask, _WAVES) for _ in range(2))
    moved = cv2.remap(patch.pixels, x + across, y + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    was = cv2.cvtColor(moved.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    # No hair is green or blue: less warm than grey becomes only what was so before.
    lab = np.maximum(was + dye, np.minimum(was, 0))
    lab[..., 0] = np.clip(lab[..., 0], 2, 97)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * np.float32(255), np.float32)


def _matte(patch: Patch, vertices: Vertices, hair: Mask) -> tuple[Floats, Mask]:
    """Return (h, w, 3) the scene behind the head, and (h, w) how much of each pixel the new hair covers of it.

    A pixel is as much hair as its colour lies from the scene's towards that of the hair deeper inside, except where no
    scene can be: before the face, and where no opening leads in from outside.
    """
    hidden, side = patch.mask > 0, hidden_side(patch.mask)
    away = _depth(patch.mask) / np.float32(side)
    known = ~hidden if patch.others is None else ~hidden & ~patch.others
    pixels = patch.pixels.astype(np.float32)
    scene = fill_in(_ground(patch).astype(np.float32), known.astype(np.float32))
    core = fill_in(pixels, _core(patch, (hair > 0.8) & (away > _CORE)).astype(np.float32))
    way = core - scene
    share = ((pixels - scene) * way).sum(axis=2) / np.maximum((way * way).sum(axis=2), 40.0)
    share[_face(patch, vertices) > 0] = 1
    share[hidden & (share < 0.5) & ~_open(hidden, share < 0.5, round(_GAP * side))] = 1
    # Cut back: what is left of the outline is not the old one.
    trim = np.interp(_noise(np.random.default_rng(patch.seed + 1), patch.mask, 2), (-1, 1), _TRIM).astype(np.float32)
    share = np.clip(np.maximum(1.3 * share - 0.15, (away - _DEEP) / _SOFT), 0, 1)
    share = np.minimum(share, np.clip((away - trim) / np.float32(_SOFT), 0, 1))
    share = np.asarray(cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7), np.float32)
    gone = hidden & (hair > 0) & (share < 0.99)
    if known.any() and gone.any() and float(cv2.distanceTransform(gone.astype(np.uint8), cv2.DIST_L2, 3).max()) > _THIN:
        scene = Cancel().predict(_ground(patch), gone, known, patch.seed).astype(np.float32)
    return scene, share


def _open(hidden: Flags, clear: Flags, gap: int) -> Flags:
    """Return where what is clear leads outside through openings wider than twice a gap; shine on hair does not."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1, 2 * gap + 1))
    # Beyond the patch, too, is outside.
    way = np.pad((clear | ~hidden).astype(np.uint8), gap + 1, constant_values=1)
    labels = cv2.connectedComponents(cv2.morphologyEx(way, cv2.MORPH_OPEN, disc))[1]
    outside = cv2.dilate((labels == labels[0, 0]).astype(np.uint8), disc)[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
    return np.asarray((outside > 0) & clear, np.bool_)


def _core(patch: Patch, where: Flags) -> Flags:
    """Return where hair is for sure: of what may be hair, those pixels whose colour most of it has."""
    if np.count_nonzero(where) < _FEW:
        return where
    lab = _lab(patch.pixels, 0.6)
    away = np.linalg.norm(lab - np.median(lab[where], axis=0), axis=2)
    return np.asarray(where & (away < max(12.0, 2 * float(np.median(away[where])))))


def _ground(patch: Patch) -> Pixels:
    return patch.pixels if patch.ground is None else patch.ground


def _depth(mask: Mask) -> Floats:
    """Return (h, w) how far inside the mask each pixel lies; its end at the patch's border is no end."""
    inside = np.pad((mask > 0).astype(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def _noise(rng: np.random.Generator, mask: Mask, waves: int) -> Floats:
    """Return (h, w) smooth noise from -1 to 1, so many waves of it to the hidden side."""
    height, width = mask.shape
    side = hidden_side(mask)
    coarse = max(2, round(waves * height / side)), max(2, round(waves * width / side))
    drawn = rng.uniform(-1, 1, coarse).astype(np.float32)
    return np.asarray(np.clip(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), -1, 1), np.float32)
