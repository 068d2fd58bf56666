"""A donor's face in the pose of the hidden one, hardly taught: blurred, and much alike; of the old no pixel is seen.

What lies around it stays, and tells what it tells. It has no memory: a track keeps its condition face, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.condition import condition
from visard.methods.donors import TRAITS, bank
from visard.methods.generated import Generated, masked, shown
from visard.methods.placed import put_back
from visard.methods.suited import suited
from visard.shape.landmarks import Vertices
from visard.shape.marks import marks
from visard.types import Patch, Pixels


@dataclass(frozen=True, slots=True)
class AnonyGan(Generated):
    """Give the face the look of a donor, who is nobody, as its condition (Dall'Asen et al. 2022; METHODS 5.2)."""

    name: ClassVar[str] = "anonygan"

    def _role(self, patch: Patch, vertices: Vertices) -> int | None:
        return suited(patch, vertices, bank(), frozenset(TRAITS))

    def _paint(self, patch: Patch, vertices: Vertices, role: int) -> Pixels:
        net = self._net
        around, there, to_square = masked(patch, vertices, net.side)
        face, theirs = condition(bank(), role, net.side)
        both = np.concatenate([marks(v, net.facts["marks"]) for v in (theirs, there)])
        (square,) = net(np.concatenate([face, around])[None], both[None])
        return put_back(patch, shown(square[0]), to_square)
