"""One of a list of people who are nobody, by number, over a sketch of the hidden face; hardly taught: all look alike.

Eyes and brows are nowhere in the sketch, so the new face need not look where the old one did; videos flicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.errors import ModelError
from visard.methods.donors import TRAITS, bank
from visard.methods.generated import Generated, masked, shown
from visard.methods.placed import put_back
from visard.methods.sketch import sketch
from visard.methods.suited import suited
from visard.models.taught import Taught
from visard.shape.landmarks import Vertices
from visard.types import Patch, Pixels


@dataclass(frozen=True, slots=True)
class Ciagan(Generated):
    """Paint the face of a donor's number, drawn by the subject's key (Maximov et al. 2020; METHODS 5.1)."""

    name: ClassVar[str] = "ciagan"

    def _role(self, patch: Patch, vertices: Vertices) -> int:
        people = listed(self._net)
        known = suited(patch, vertices, bank(), frozenset(TRAITS), people)
        return (patch.seed + patch.variant) % people if known is None else known

    def _paint(self, patch: Patch, vertices: Vertices, role: int) -> Pixels:
        net = self._net
        around, there, to_square = masked(patch, vertices, net.side)
        pictures = np.concatenate([sketch(there, net.side), around])
        (square,) = net(pictures[None], np.eye(listed(net), dtype=np.float32)[role][None])
        return put_back(patch, shown(np.clip(square[0], -1, 1)), to_square)


def listed(net: Taught) -> int:
    """Return how many donors, from the bank's first on, a network knows by number.

    Raises ModelError where it knows those of another bank.
    """
    if net.facts["bank"] != bank().sha256:
        raise ModelError("the network was taught with another bank of donors", hint="train it again")
    return int(net.facts["people"])
