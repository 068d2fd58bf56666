"""What taught generators share: no run without weights and card, a square around a face, and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.methods.cast import Cast
from visard.methods.scene import moved, surroundings, upright
from visard.models.taught import Taught, taught
from visard.shape.landmarks import Vertices
from visard.shape.marks import front
from visard.shape.mesh import canonical
from visard.shape.similarity import Matrix
from visard.types import Patch

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Generated(Cast):
    """Paint a face in the place of another.

    weights: a file that `visard train export` made; empty for the one that visard ships.
    """

    weights: str = ""

    def __post_init__(self) -> None:
        taught(self.name, self.weights)

    @property
    def _net(self) -> Taught:
        return taught(self.name, self.weights)


def masked(patch: Patch, vertices: Vertices, side: int) -> tuple[Floats, Vertices, Matrix]:
    """Return (3, side, side) what lies around a face, -1 to 1 and 0 where it is hidden; its vertices there; the way.

    Hidden is what the mask hides, and the front of the face, whatever the mask says.
    """
    to_square = upright(canonical().fit_pose(vertices), patch.mask, side)
    there = moved(vertices, to_square)
    filled, known = surroundings(patch.pixels, patch.mask, to_square, side)
    return veiled(filled, known * (1 - front(there, side))), there, to_square


def veiled(colour: Floats, known: Floats) -> Floats:
    """Return (3, S, S) colours, -1 to 1, of (S, S, 3), 0 to 255, where (S, S) is 1, else 0."""
    return np.ascontiguousarray(((colour / np.float32(127.5) - 1) * known[..., None]).transpose(2, 0, 1), np.float32)


def shown(square: Floats) -> Floats:
    """Return (S, S, 3), 0 to 255, of (3, S, S), -1 to 1."""
    return np.ascontiguousarray((square.transpose(1, 2, 0) + 1) * np.float32(127.5))
