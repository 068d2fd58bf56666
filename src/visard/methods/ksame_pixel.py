"""k-Same-Pixel: k people become one mean face. Ghosts, and void where a person comes twice or is released twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.groups import Group, KSame, Vectors
from visard.types import Patch, Pixels


@dataclass(frozen=True, slots=True)
class KSamePixel(KSame):
    """Give each of at least k people the mean of their aligned pixels (Newton et al. 2005; METHODS 3)."""

    name: ClassVar[str] = "ksame-pixel"
    size: ClassVar[int | None] = 128

    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        faces = np.stack([patch.pixels for patch in patches]).astype(np.float32)

        def mean(group: Group) -> Pixels:
            return np.asarray(np.round(faces[group].mean(axis=0, dtype=np.float64)), np.uint8)

        return faces.reshape(len(faces), -1), mean
