"""What a blind method may know: the scene around a hidden face, on an upright square, and a donor drawn in its place.

Hidden pixels are taken out before anything is scaled, so that none of them can bleed into what is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.landmarks import Vertices
from visard.shape.mesh import INNER_LIPS, TEXTURE, Pose, canonical, mouth_opening, sample
from visard.shape.similarity import Matrix, scale_of
from visard.shape.square import corners, enclose, see
from visard.shape.texture import rim
from visard.types import Mask, Pixels

Floats = NDArray[np.float32]

SIDE = 128
"""Side in pixels of the square."""

REACH = 3.75
"""Side of the square in distances between the outer corners of the eyes; what is hidden is some 2.4 x 3.0 of them."""

_KNOWN = 0.999
"""Share of a pixel of the square that must be known for it to count as known."""

_COARSE = 16
"""Side of the scene as a guess sees it."""

_LEVEL = 6.0
"""How much nearer what lies beside a place is to it than what lies above: ground, hedges and walls go on sideways."""

_SOFT = 10.0
"""Texels from its outline within which a texture fades."""

_OPEN = 0.06
"""Height over width of the mouth's opening from which on there is something between the lips."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A mesh drawn on a square of side S: texel (S, S, 2), where the face's texture is shown; drawn (S, S), how much of
    it, softly at the outline, 0 between open lips; normal (S, S, 3), where the surface looks, 0 where nothing is."""

    texel: Floats
    drawn: Mask
    normal: Floats


def upright(pose: Pose, mask: Mask, side: int = SIDE) -> Matrix:
    """Return the similarity from a patch to the square around its face, eyes level; all that is hidden lies inside."""
    roll = np.radians(pose.angles[2])
    scale = side / (REACH * max(pose.scale, 1e-3))
    turn = scale * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    matrix = np.column_stack([turn, side / 2 - turn @ pose.shift[:2]])
    return enclose(matrix, corners(mask), side)


def surroundings(pixels: Pixels, mask: Mask, to_square: Matrix, side: int = SIDE) -> tuple[Floats, Mask]:
    """Return (side, side, 3) what is known of the patch on the square, 0 to 255, filled in, and (side, side) where.

    Known is what the mask leaves alone, wholly, and lies within the patch.
    """
    shown = (mask == 0).astype(np.float32)
    share = see(shown, to_square, side, side, cv2.BORDER_CONSTANT)
    colour = see(pixels * shown[..., None], to_square, side, side, cv2.BORDER_CONSTANT)
    known = (share > _KNOWN).astype(np.float32)
    return fill_in(colour, known), known


def fill_in(colour: Floats, known: Mask) -> Floats:
    """Return (h, w, 3) colours where known is 1, else what lies around (pull and push, Gortler et al. 1996)."""
    levels = [(colour * known[..., None], known)]
    while levels[-1][1].size > 1:
        value, weight = levels[-1]
        half = (max(1, weight.shape[1] // 2), max(1, weight.shape[0] // 2))
        levels.append(tuple(cv2.resize(v, half, interpolation=cv2.INTER_AREA) for v in (value, weight)))  # type: ignore[arg-type]
    value, weight = levels[-1]
    whole = value.reshape(1, 1, 3) / max(float(weight.max()), 1e-6) if weight.max() > 0 else np.full((1, 1, 3), 127.0)
    for value, weight in reversed(levels[:-1]):
        coarse = cv2.resize(np.asarray(whole, np.float32), weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        # A pixel known in part keeps its share, twice over, so that colours do not spread from afar beside near ones.
        trust = np.minimum(1, 2 * weight)[..., None]
        own = value / np.maximum(weight, 1e-6)[..., None]
        whole = trust * own + (1 - trust) * coarse.reshape(*weight.shape, 3)
    return np.asarray(whole, np.float32)


def carry_across(colour: Floats, known: Mask) -> Floats:
    """Return (h, w, 3) colours where known is above 0, else what lies around, rather beside it than above and below.

    With a mean of all sides to begin with, lawn and pavement became sky.
    """
    height, width = known.shape
    narrow = max(1, round(width / _LEVEL)), height
    share = np.asarray(cv2.resize(known, narrow, interpolation=cv2.INTER_AREA), np.float32)
    seen = cv2.resize(colour * known[..., None], narrow, interpolation=cv2.INTER_AREA)
    filled = fill_in(np.asarray(seen / np.maximum(share, 1e-6)[..., None], np.float32), share)
    wide = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(known[..., None] > 0, colour, wide), np.float32)


def stage(vertices: Vertices, pose: Pose, side: int = SIDE) -> Stage:
    """Return the mesh drawn on a square: vertices and pose are in pixels of the square."""
    texel = canonical().project(vertices, side, side)
    drawn = sample(_rim(), texel)
    if mouth_opening(vertices) >= _OPEN:
        lips = np.round(vertices[list(INNER_LIPS), :2] * 16).astype(np.int32)
        cv2.fillPoly(drawn, [lips], (0.0,), lineType=cv2.LINE_AA, shift=4)
    normal = sample(_normals(), texel) @ pose.rotation.T.astype(np.float32)
    return Stage(texel, drawn, np.asarray(normal * (drawn[..., None] > 0), np.float32))


def draw(texture: Floats, staged: Stage) -> Floats:
    """Return (S, S, 3) a texture, 0 to 255, as the stage shows it; 0 where it does not."""
    scale = np.float32(len(texture) / TEXTURE)
    shown = sample(texture, staged.texel * scale + (scale - 1) / 2, cv2.BORDER_REPLICATE)
    return np.asarray(shown * (staged.drawn[..., None] > 0), np.float32)


def inputs(filled: Floats, known: Mask, donor: Floats, staged: Stage) -> Floats:
    """Return (13, S, S) what the network sees: colours and places from -1 to 1, the rest from 0 to 1."""
    drawn = staged.drawn[..., None]
    place = (staged.texel / np.float32(TEXTURE / 2) - 1) * (drawn > 0)
    colours = [v / np.float32(127.5) - 1 for v in (filled, donor)]
    seen = np.dstack([colours[0], known, colours[1], drawn, place, staged.normal])
    return np.ascontiguousarray(seen.transpose(2, 0, 1), np.float32)


def moved(vertices: Floats, matrix: Matrix) -> Floats:
    """Return (468, 3) vertices through a similarity, depth scaled with the rest."""
    flat = vertices[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return np.column_stack([flat, vertices[:, 2] * scale_of(matrix)]).astype(np.float32)


def outlook(filled: Floats, known: Mask, identity: Floats) -> Floats:
    """Return (F,) what a linear guess at a hidden person sees: the scene, coarsely, and (60,) the shape of the face."""
    small = cv2.resize(np.dstack([filled / np.float32(255), known]), (_COARSE, _COARSE), interpolation=cv2.INTER_AREA)
    return np.concatenate([small.ravel(), identity]).astype(np.float32)


@cache
def _rim() -> Mask:
    """Return (256, 256) how much of a texture shows: none at the face's outline, all of it somewhat within."""
    share = np.clip((rim() - 1) / _SOFT, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


@cache
def _normals() -> Floats:
    """Return (256, 256, 3) the mean face's normals in its texture."""
    face = canonical()
    corner = face.shape[face.triangles]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros_like(face.shape)
    for k in range(3):
        np.add.at(total, face.triangles[:, k], facing)
    total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
    triangle, weight = face.texels
    flat = (total[face.triangles[triangle]] * weight[..., None]).sum(axis=2)
    return np.asarray(flat * (triangle >= 0)[..., None], np.float32)
