"""k-Same-Eigen: k people become the face of their mean coefficients. Blurred, and void where a person comes twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.groups import Group, KSame, Vectors
from visard.models.eigenfaces import eigenfaces
from visard.types import Patch, Pixels


@dataclass(frozen=True, slots=True)
class KSameEigen(KSame):
    """Give each of at least k people the picture of their mean eigenface coefficients (METHODS 3).

    Groups are near in coefficients; what eigenfaces cannot say is dropped.
    """

    name: ClassVar[str] = "ksame-eigen"
    size: ClassVar[int | None] = 64

    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        faces = eigenfaces()
        c = np.stack([faces.coefficients(patch.pixels.astype(np.float32) / np.float32(255)) for patch in patches])

        def mean(group: Group) -> Pixels:
            picture = faces.picture(c[group].mean(axis=0))
            return np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)

        return c, mean
