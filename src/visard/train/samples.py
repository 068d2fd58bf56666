"""What the inpainter practises on: a face of the album, hidden again, with its own texture or a donor's in its place.

Both kinds matter (hybrid training, as AnonyGAN's): with its own texture, in a donor's light, the whole face is known
and any pixel can be compared; with a donor's the network meets what it will meet, and only the surroundings, the light
and the critic say what is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import bank
from visard.methods.dressing import dress, halved
from visard.methods.scene import SIDE, Stage, draw, fill_in, inputs, moved, stage
from visard.models.dlib_resnet import SIDE as CHIP
from visard.shape.identity import chip
from visard.shape.landmarks import five_points
from visard.shape.mesh import canonical, shape_file
from visard.shape.similarity import Matrix, warp
from visard.train.album import WIDE, Album
from visard.types import Mask

Floats = NDArray[np.float32]

_TIGHT = 0.15
"""Share of the samples in which little more than the face is hidden."""

_NARROW = 0.6
"""Share of the network's square that a photo must reach to teach what lies around a face."""

_WITH_SCENE = 0.85
"""Share of the samples of such photos, where there are others as well."""


_AS_IT_IS = np.ones(3, np.float32)


class Sample(NamedTuple):
    """inputs: (13, S, S); target: (3, S, S), -1 to 1; wanted: (1, S, S), 1 where the network must paint and the photo
    says what; own: (1, 1, 1), 1 where the donor drawn has the face's own texture; identity: (128,), dlib's, of the
    donor; place: (2, 3) where dlib's recogniser looks, as `affine_grid` takes it. In a batch they are tensors."""

    inputs: Any
    target: Any
    wanted: Any
    own: Any
    identity: Any
    place: Any


class Scene(NamedTuple):
    """A hidden face of the album on the network's square: colour (S, S, 3), 0 to 255; reach and known (S, S), 1 where
    the photo is, and where it may be seen; vertices (468, 3); light, on its texture; staged, its mesh drawn."""

    colour: Floats
    reach: Mask
    known: Mask
    vertices: Floats
    light: Floats
    staged: Stage


@dataclass(frozen=True, slots=True, eq=False)
class Practice:
    """Endless samples of an album: the n-th is always the same, whoever asks, which is all that resuming needs.

    own: share of the samples that show the face's own texture.
    """

    album: Album
    seed: int = 0
    own: float = 0.5

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, n: int) -> Sample:
        """Return the n-th sample."""
        rng = np.random.default_rng((self.seed, n))
        wide, narrow = _sorts(self.album)
        sort = wide if not len(narrow) or (len(wide) and rng.random() < _WITH_SCENE) else narrow
        i = int(rng.choice(sort))
        gain = (rng.uniform(0.7, 1.2) * rng.uniform(0.9, 1.1, 3)).astype(np.float32)
        scene = self.hide(i, rng, sort is narrow or rng.random() < _TIGHT, gain)
        donor = int(rng.choice(self.album.donors[i]))
        own = rng.random() < self.own
        drawn = self._own(scene, donor, rng) if own else draw(_dressed(donor)[0], scene.staged)
        seen = inputs(fill_in(scene.colour, scene.known), scene.known, drawn, scene.staged)
        target = np.clip(scene.colour, 0, 255) / np.float32(127.5) - 1
        return Sample(
            seen, target.transpose(2, 0, 1).copy(), ((1 - scene.known) * scene.reach)[None],
            np.full((1, 1, 1), own, np.float32), bank().embeddings[donor], place_of(scene.vertices),
        )  # fmt: skip

    @property
    def sceneries(self) -> NDArray[np.intp]:
        """The faces whose photo shows what lies around them; all, where none does."""
        wide, narrow = _sorts(self.album)
        return wide if len(wide) else narrow

    def hide(self, i: int, rng: np.random.Generator, tight: bool, gain: Floats = _AS_IT_IS) -> Scene:
        """Return the i-th face, turned and shifted a little, with colours times gain, and hidden."""
        square, vertices, light = self._turned(i, rng)
        reach = (square[..., 3] > 250).astype(np.float32)
        staged = stage(vertices, canonical().fit_pose(vertices))
        known = (1 - np.maximum(_hidden(vertices, rng, tight), staged.drawn > 0)) * reach
        return Scene(square[..., :3] * gain, reach, known, vertices, light * gain, staged)

    def _turned(self, i: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Return a face's square (S, S, 4), its vertices and its light, mirrored, turned and shifted at random."""
        square, vertices = np.asarray(self.album.squares[i]), np.asarray(self.album.vertices[i])
        light = self.album.lights[i].astype(np.float32)
        if rng.random() < 0.5:
            square, light = np.ascontiguousarray(square[:, ::-1]), light[:, ::-1]
            vertices = vertices[shape_file()["mirror"]] * (-1, 1, 1) + np.array((WIDE, 0, 0))
        turn, scale = np.radians(rng.normal(0, 4)), rng.uniform(0.92, 1.1)
        a, b = scale * np.cos(turn), scale * np.sin(turn)
        shift = SIDE / 2 + rng.uniform(-4, 4, 2) - np.array([[a, -b], [b, a]]) @ (WIDE / 2, WIDE / 2)
        matrix: Matrix = np.array([[a, -b, shift[0]], [b, a, shift[1]]])
        new = warp(square[..., :3].astype(np.float32), matrix, SIDE, SIDE)
        reach = warp(square[..., 3].astype(np.float32), matrix, SIDE, SIDE, cv2.BORDER_CONSTANT)
        return np.dstack([new, reach]), moved(vertices.astype(np.float32), matrix), light

    def _own(self, scene: Scene, donor: int, rng: np.random.Generator) -> Floats:
        """Return the face itself, in the light of a donor's texture, somewhat blurred as donors are."""
        ratio = np.clip((_dressed(donor)[1] + 8) / (scene.light + 8), 0.15, 5.0).astype(np.float32)
        lit = (scene.colour + 8) * draw(ratio, scene.staged) - 8
        if rng.random() < 0.7:
            lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 1.1)), np.float32)
        return np.asarray(np.clip(lit, 0, 255) * (scene.staged.drawn[..., None] > 0), np.float32)


def _hidden(vertices: Floats, rng: np.random.Generator, tight: bool) -> Mask:
    """Return a mask (S, S) such as hiding draws around a face: an oval around its box, which detectors draw somewhat
    taller than the mesh; tight: hardly more than the mesh."""
    low, high = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    wide, tall = high - low
    middle = (low + high) / 2 + rng.normal(0, 0.02, 2) * (wide, tall)
    half = np.array([wide, tall]) / 2
    if tight:
        half *= rng.uniform(1.05, 1.35)
    else:
        # As CenterFace's box, grown by a tenth on each side, under an oval through its corners with its rim.
        middle[1] -= 0.04 * tall
        half = half * (1.01, 1.11) * rng.normal(1, 0.04, 2) * (1 + 2 * rng.uniform(0.06, 0.14)) * 1.26 + 0.04 * wide
    turn = np.radians(rng.normal(0, 6))
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) + np.float32(0.5)
    across = (x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)
    down = (y - middle[1]) * np.cos(turn) - (x - middle[0]) * np.sin(turn)
    return np.asarray((np.abs(across / half[0]) ** 3 + np.abs(down / half[1]) ** 3) <= 1, np.float32)


def place_of(vertices: Floats) -> Floats:
    """Return (2, 3): from the recogniser's square to the network's, both from -1 to 1."""
    matrix = chip(five_points(vertices))
    inverse = np.linalg.inv(matrix[:, :2])
    ratio = CHIP / SIDE
    # x' = 2 x / side - 1 on both sides.
    shift = (inverse @ (np.full(2, CHIP / 2) - matrix[:, 2])) * 2 / SIDE - 1
    return np.column_stack([inverse * ratio, shift]).astype(np.float32)


@lru_cache(maxsize=1)
def _sorts(album: Album) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the faces whose photo shows what lies around them, and the others."""
    edge = (WIDE - SIDE) // 2
    reach = np.array([(album.squares[i][edge:-edge:8, edge:-edge:8, 3] > 250).mean() for i in album.rows])
    return album.rows[reach >= _NARROW], album.rows[reach < _NARROW]


@lru_cache(maxsize=2048)
def _dressed(donor: int) -> tuple[Floats, Floats]:
    """Return a donor's texture at half its side, as fine as the square shows it, and the light on it."""
    texture, light = dress(bank(), donor)
    return halved(texture), light
