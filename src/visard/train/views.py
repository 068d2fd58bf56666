"""Hidden faces of an album as the generators meet them: turned and shifted, with what is known of them, at any side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import bank
from visard.methods.dressing import dress, faced, halved
from visard.methods.scene import SIDE, draw
from visard.shape.landmarks import Vertices
from visard.shape.marks import front
from visard.shape.mesh import canonical
from visard.train.samples import Practice, Scene
from visard.types import Mask

Floats = NDArray[np.float32]

_TIGHT = 0.3
"""Share of the views in which little more than the face is hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A face of the album: number; colour (S, S, 3), 0 to 255; known (S, S), 1 where it may be seen; vertices (468, 3)
    in pixels; scene: the same on the album's square."""

    number: int
    colour: Floats
    known: Mask
    vertices: Vertices
    scene: Scene


def view(practice: Practice, side: int, rng: np.random.Generator) -> View:
    """Return a face, drawn at random, on a square of a side up to the album's 128.

    Hidden is what hiding would hide, and in any case the front of the face, as the seeds mask it.
    """
    i = int(rng.choice(practice.sceneries))
    scene = practice.hide(i, rng, rng.random() < _TIGHT, (rng.uniform(0.8, 1.15) * np.ones(3)).astype(np.float32))
    vertices = scene.vertices * np.float32(side / SIDE)
    known = (scaled(scene.known, side) > 0.999) * (1 - front(vertices, side))
    return View(i, scaled(scene.colour, side), known.astype(np.float32), vertices, scene)


def scaled(values: Floats, side: int) -> Floats:
    """Return (side, side, ...) values for (128, 128, ...) ones."""
    return values if side == SIDE else np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA))


def disguised(shot: View, donor: int) -> Floats:
    """Return (S, S, 3), 0 to 255, the photo with a donor's face in the light of its own."""
    scene, (texture, light) = shot.scene, _dressed(donor)
    gain = np.clip((scene.light + 8) / (light + 8), 0.15, 5.0).astype(np.float32)
    drawn = scene.staged.drawn[..., None]
    face = np.clip((draw(texture, scene.staged) + 8) * draw(gain, scene.staged) - 8, 0, 255)
    return scaled(np.asarray(scene.colour * (1 - drawn) + face * drawn, np.float32), len(shot.colour))


def own_texture(shot: View) -> Floats:
    """Return the face's own texture (128, 128, 3), 0 to 255; the side that is turned away is the other one's mirror."""
    scene = shot.scene
    colour = np.clip(scene.colour, 0, 255).astype(np.uint8)
    texture = canonical().unwrap(colour, scene.vertices).astype(np.float32)
    seen = np.clip(faced(canonical().fit_pose(scene.vertices)) * 2, 0, 1)[..., None]
    return halved(np.asarray(seen * texture + (1 - seen) * texture[:, ::-1], np.float32))


def planes(colour: Floats) -> Floats:
    """Return (3, S, S), -1 to 1, of (S, S, 3), 0 to 255."""
    return np.ascontiguousarray((np.clip(colour, 0, 255) / np.float32(127.5) - 1).transpose(2, 0, 1), np.float32)


@lru_cache(maxsize=2048)
def _dressed(donor: int) -> tuple[Floats, Floats]:
    texture, light = dress(bank(), donor)
    return halved(texture), light
