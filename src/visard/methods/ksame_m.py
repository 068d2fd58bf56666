"""k-Same-M: k people become one face by shape and by texture, so nothing ghosts. Void where a person comes twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.aam import fit
from visard.methods.groups import Group, KSame, Vectors
from visard.shape.landmarks import find_mesh
from visard.shape.square import TEMPLATE
from visard.types import Box, Patch, Pixels, Points, Region

_REACH = 0.26
"""How far a face reaches from the middle of its five points, in sides of its aligned square."""

Landmarks = Callable[[Pixels, Points | None], Points]
"""(s, s, 3) pixels of an aligned square and its five points, if known, to (K, 2) landmarks in pixels of the square."""


@dataclass(frozen=True, slots=True)
class KSameM(KSame):
    """Give each of at least k people the face of their mean appearance parameters (Gross et al. 2006; METHODS 3)."""

    name: ClassVar[str] = "ksame-m"
    size: ClassVar[int | None] = 128

    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        return appearance(patches, face_landmarks)


def appearance(patches: Sequence[Patch], landmarks: Landmarks) -> tuple[Vectors, Callable[[Group], Pixels]]:
    """Return the appearance parameters (N, q) of aligned patches, and what makes the face of a group of them.

    The model is fitted on the patches themselves: it need not know anybody else.
    """
    pictures = np.stack([patch.pixels for patch in patches]).astype(np.float32)
    shapes = np.stack([landmarks(patch.pixels, patch.points) for patch in patches]).astype(np.float64)
    model, c = fit(pictures, shapes)

    def mean(group: Group) -> Pixels:
        return np.round(np.clip(model.synthesise(c[group].mean(axis=0)), 0, 255)).astype(np.uint8)

    return c, mean


def face_landmarks(pixels: Pixels, points: Points | None) -> Points:
    """Return the 468 points (x, y) of the face mesh in an aligned square; raises ModelError without its network."""
    five = TEMPLATE * len(pixels) if points is None else points
    (x, y), reach = five.mean(axis=0), _REACH * len(pixels)
    face = Region("face", Box(x - reach, y - reach, x + reach, y + reach), 1.0, five)
    return find_mesh(pixels, face).vertices[:, :2]
