"""Whose look a face takes on: a condition face, drawn from a texture and a shape, upright before nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import Bank
from visard.methods.dressing import dress, halved
from visard.methods.scene import REACH, draw, stage
from visard.shape.landmarks import Vertices
from visard.shape.mesh import Pose, canonical

Floats = NDArray[np.float32]

_AHEAD = np.eye(3)


def portray(texture: Floats, shape: Floats, side: int, turn: NDArray[np.float64] = _AHEAD) -> tuple[Floats, Vertices]:
    """Return a face (3, side, side), -1 to 1 and 0 around it, and its (468, 3) vertices in pixels.

    texture: 0 to 255; shape: (468, 3), canonical; turn: (3, 3), which way it looks. It is as large as faces on the
    square of `scene`.
    """
    pose = Pose(side / REACH, turn, np.array([side / 2, side / 2, 0.0]))
    vertices = pose.place(shape)
    staged = stage(vertices, pose, side)
    face = (draw(texture, staged) / np.float32(127.5) - 1) * staged.drawn[..., None]
    return np.ascontiguousarray(face.transpose(2, 0, 1), np.float32), vertices


@lru_cache(maxsize=64)
def condition(donors: Bank, donor: int, side: int) -> tuple[Floats, Vertices]:
    """Return `portray` for a donor, who is nobody, looking straight ahead."""
    shape = canonical().shape + donors.build(donors.shapes[donor])
    return portray(halved(dress(donors, donor)[0]), shape, side)
