"""k-Same-M: k people become one face by shape and by texture, so nothing ghosts. Void where a person comes twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.errors import ModelError
from visard.methods.aam import fit
from visard.methods.groups import Group, KSame, Vectors
from visard.types import Patch, Pixels, Points

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
    """Return the landmarks of the face in an aligned square.

    The place for the face mesh of shape/landmarks.py: until it is wired here, `ksame-m` is not in METHODS.
    """
    raise ModelError("no landmark model is wired to ksame-m", hint="use ksame-pixel or ksame-eigen")
