"""A new face, of nobody, in the old pose and light; hair, jaw, light, sex and look stay, and tell who it is, some.

Held-out recognisers know 12 to 20 % of 100 people, 1.1 to 1.8 times as many as when the face itself is grey; `fill`
leaves nothing. The face is the average of at least eight other people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import Unfit
from visard.methods.cast import Cast
from visard.methods.donors import TRAITS, Bank, check_bank, chosen_traits
from visard.methods.donors import bank as open_bank
from visard.methods.dressing import both_sides, creased, dress, faced, reshape
from visard.methods.features import open_mouth, turn_eyes
from visard.methods.grain import match, measure
from visard.methods.strength import check_share
from visard.shape.guess import trace_mesh
from visard.shape.identity import look
from visard.shape.landmarks import Vertices, box_of, region_of
from visard.shape.mesh import TEXTURE, Pose, canonical, sample
from visard.shape.texture import (
    ambient,
    covered,
    inside,
    light,
    mouth_in_sight,
    plain,
    relight,
    rim,
    skin,
    skin_tone,
)
from visard.types import Box, Mask, Patch, Pixels, Region

_SMALLEST = 9.0
"""Pixels between the outer corners of the face's outline below which there is nothing to exchange."""

_FINEST = 208
"""Longest side in pixels at which a new face is drawn; a donor's texture has no more to show."""

_ROUGH = 96
"""Longest side in pixels at which an average of people is as rough as one person; what is finer averages out."""

_UNLIKE = 0.7
"""dlib's distance of a person to a donor from the front from which on the new face is beyond 0.6, where dlib says the
same person: of 480 faces in 60 photos 460 had such donors, none of them nearer; of the other 20 two were."""

_LEAST_ALIKE, _FEW = 0.2, 12
"""Share of the donors, the least alike, of which one is drawn, and how many at least: how unlike a donor is from the
front tells how unlike it is on the face (r = .86 within a person, 80 people x 24 donors). The very least alike would
tell who was hidden."""

_SHAVEN, _SMOOTH, _MOUSTACHE = 0.78, 0.86, 0.1
"""Lightness of the upper lip over the cheeks' from which on a man may be a donor (half of the bank's may), and a donor
of women and children, and by how much a darker one is as unlike as ten years beyond an age."""

_SURELY_MALE, _GROWN, _OUT = 0.7, 1.8, 9.0
"""Sex and tens of years from which on somebody is a man; and how unlike a crooked face is."""

_CROOKED = 9.0
"""Difference of a donor's halves from which on one eye looks bruised or a cheek smeared."""

_TINTED = 2.0
"""Deviation of a channel from a pixel's mean below which a picture is black and white, or sepia, as JPEG leaves it."""

_TEMPLE = 17
"""Height in texels up to which something dark at a face's side is a temple of glasses rather than hair."""


@dataclass(frozen=True, slots=True)
class Surrogate(Cast):
    """Give the face a donor's texture and shape (k-Same-M of Gross et al. 2006 on a dense mesh, k at least 8).

    strength: how far the shape goes to the donor's and beyond; the texture is always the donor's alone. similar:
    in which of age, sex and skin, by commas, donors resemble the person; nothing for more privacy. bank: a file of
    donors that `visard train donors` made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "surrogate"
    blind: ClassVar[bool] = False
    around: ClassVar[float] = 0.0
    spare: ClassVar[int] = 2

    strength: float = 0.8
    similar: str = ",".join(TRAITS)
    bank: str = ""

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        chosen_traits(self.similar)
        check_bank(self.bank)

    def _vertices(self, patch: Patch) -> Vertices | None:
        return _vertices(patch)

    def _role(self, patch: Patch, vertices: Vertices) -> list[int]:
        return _choose(patch, vertices, self)

    def _paint(self, patch: Patch, vertices: Vertices, role: list[int]) -> Pixels:
        return _draw(_sit(patch, vertices, open_bank(self.bank)), role[patch.variant % len(role)], self)


class _Sitter(NamedTuple):
    """A face that is to be exchanged, and what any donor needs of it.

    source: its texture; clear: where neither dark glass nor a mask hides it; light: on it; alpha: where a new face
    lies on it.
    """

    patch: Patch
    vertices: Vertices
    pose: Pose
    source: Pixels
    clear: Mask
    light: NDArray[np.float32]
    alpha: Mask


def _sit(patch: Patch, vertices: Vertices, donors: Bank) -> _Sitter:
    face = canonical()
    pose, source = face.fit_pose(vertices), face.unwrap(patch.pixels, vertices)
    bare = skin(source, skin_tone(both_sides(source, pose.angles[0])))
    clear = 1 - covered(source)
    seen = ambient(source, bare * clear * faced(pose) + 1e-3 * inside(), donors.relief)
    return _Sitter(patch, vertices, pose, source, clear, seen, _cover(bare))


def _vertices(patch: Patch) -> Vertices | None:
    """Return the points of the patch's face, traced before or found now; None where there is none to speak of."""
    height, width = patch.mask.shape
    if min(height, width) < _SMALLEST:
        return None
    vertices = patch.mesh
    if vertices is None:
        mesh = trace_mesh(patch.pixels, Region(patch.kind, Box(0, 0, width, height).grow(-0.15), 1.0, patch.points))
        vertices = mesh.vertices if mesh.sure else None
    return vertices if vertices is not None and np.ptp(vertices[:, 0]) >= _SMALLEST else None


def _choose(patch: Patch, vertices: Vertices, how: Surrogate) -> list[int]:
    """Return who may stand in for a face, by preference."""
    donors, face = open_bank(how.bank), canonical()
    texture = both_sides(face.unwrap(patch.pixels, vertices), face.fit_pose(vertices).angles[0])
    was = look(region_of(vertices), patch.pixels)
    read = donors.reader(texture, None if was is None else was.embedding)
    # A shadow on the lip of a woman or a child is no moustache, nor is it on most men.
    least = _SHAVEN if read[0] > _SURELY_MALE and read[1] > _GROWN else _SMOOTH
    lip = 1 + (least - donors.lips) / _MOUSTACHE
    unfit = np.where(donors.crooked > _CROOKED, _OUT, lip)
    traits, rng = chosen_traits(how.similar), np.random.default_rng(patch.seed)
    order = donors.suited(read, skin_tone(texture), traits, rng, unfit)
    if was is not None:
        unlike = np.linalg.norm(donors.embeddings[order] - was.embedding, axis=1)
        ranked = np.sort(unlike)[::-1]
        wanted = ranked[: max(_FEW, round(_LEAST_ALIKE * len(order)))]
        # Alike ones only where there are few others: one face for all of somebody's pictures would link them.
        order = order[unlike >= min(max(wanted[-1], _UNLIKE), ranked[: _FEW // 2][-1])]
    return [int(donor) for donor in order]


def _draw(sitter: _Sitter, donor: int, how: Surrogate) -> Pixels:
    patch, vertices, pose, source = sitter[:4]
    donors, face = open_bank(how.bank), canonical()
    new_vertices = reshape(donors, vertices, pose, donor, how.strength)
    texture, own_light = dress(donors, donor)
    texture = creased(donors, texture, vertices, pose)
    own_light = own_light if sitter.clear.all() else light(texture, sitter.clear * inside())
    lit = relight(texture, own_light, sitter.light)
    # Everything is drawn in a window around the face, at no more than the textures' own scale.
    box = box_of(vertices).union(box_of(new_vertices))
    rows, columns = box.grow(0.02).cells(*patch.mask.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise Unfit("the face lies outside the patch")
    tall, wide = rows.stop - rows.start, columns.stop - columns.start
    scale = min(1.0, _FINEST / max(tall, wide))
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    ratio = np.array([size[0] / wide, size[1] / tall, scale], np.float32)
    corner = np.array([columns.start, rows.start, 0], np.float32)
    ours, theirs = ((v - corner) * ratio for v in (new_vertices, vertices))
    texel = face.project(ours, size[1], size[0])
    turn_eyes(texel, source, vertices)
    new = sample(lit, texel, cv2.BORDER_REPLICATE)
    weight = sample(sitter.alpha, texel)
    window = patch.pixels[rows, columns]
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA).astype(np.float32) if scale < 1 else window
    if mouth_in_sight(sitter.clear):
        new = open_mouth(new, np.asarray(small, np.float32), theirs, ours)
    if scale < 1:
        new, weight = (cv2.resize(v, (wide, tall), interpolation=cv2.INTER_CUBIC) for v in (new, weight))
    weight = np.clip(cv2.GaussianBlur(weight, (0, 0), max(0.6, 0.01 * max(tall, wide))), 0, 1)
    sure = weight > 0.95
    octaves = max(1, round(np.log2(max(tall, wide) / _ROUGH)))
    new = match(_toned(new, window), measure(new, sure, octaves), measure(window, sure, octaves), patch.seed)
    ground = patch.pixels if patch.ground is None else patch.ground
    result = ground.copy()
    below = ground[rows, columns].astype(np.float32)
    mixed = below + cv2.multiply(cv2.merge([weight] * 3), cv2.subtract(np.asarray(new, np.float32), below))
    result[rows, columns] = np.clip(np.rint(mixed, out=mixed), 0, 255, out=mixed).astype(np.uint8)
    return result


def _toned(new: NDArray[np.float32], window: Pixels) -> NDArray[np.float32]:
    """Return a new face (h, w, 3) with no more colours than a picture that has one tint: its light would leave some."""
    some = window[::4, ::4].astype(np.float32)
    tint = some - some.mean(axis=-1, keepdims=True)
    if tint.std(axis=(0, 1)).max() >= _TINTED:
        return np.asarray(new, np.float32)
    return np.asarray(new.mean(axis=-1, keepdims=True) + tint.mean(axis=(0, 1)), np.float32)


def _cover(bare: Mask) -> Mask:
    """Return where the new face lies on the old one: fringes over the forehead and hair at the sides stay."""
    edge = np.clip((rim() - 2) / 12, 0, 1)
    # Thin dark lines between skin are temples of glasses, which go with the rest of them.
    bare = np.asarray(cv2.morphologyEx(bare, cv2.MORPH_CLOSE, np.ones((_TEMPLE, 1))), np.float32)
    like = cv2.GaussianBlur(cv2.erode(bare, np.ones((3, 3))), (0, 0), 2)
    stays = _hairy() * np.clip(1.6 * (1 - like) - 0.3, 0, 1)
    return np.asarray(edge * edge * (3 - 2 * edge) * (1 - stays), np.float32)


@cache
def _hairy() -> Mask:
    y, x = np.mgrid[0:TEXTURE, 0:TEXTURE].astype(np.float32)
    brow = float(canonical().uv[[105, 334], 1].mean())
    above = np.clip((brow - 10 - y) / 8, 0, 1)
    aside = np.clip((np.abs(x - (TEXTURE - 1) / 2) - 82) / 10, 0, 1)
    return np.asarray(np.maximum(above, aside) * plain(), np.float32)
