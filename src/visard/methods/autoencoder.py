"""A small network tells faces by a few numbers, another one by others. Blurred; light and pose stay, and may tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.methods.generated import shown
from visard.methods.pca import mixture
from visard.methods.strength import check_count, check_share, drawn_by
from visard.models.taught import taught
from visard.types import Form, Goal, Patch, Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """Encode, mix each coefficient of the code with a random one of its variance, decode (METHODS 2.4).

    As `pca`, on the principal axes of codes, of which the first `leading` stay. weights: a file that `visard train
    export` made; empty for the one that visard ships.
    """

    name: ClassVar[str] = "autoencoder"
    size: ClassVar[int | None] = 64
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "generate"
    identities: ClassVar[bool] = True

    strength: float = 0.8
    leading: int = 8
    weights: str = ""

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        check_count("leading", self.leading)
        taught(self.name, self.weights)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the square of somebody else in the same light; one subject, one somebody."""
        net = taught(self.name, self.weights)
        keep, give = mixture(int(net.facts["code"]), self.leading, self.strength, drawn_by(patch))
        return redrawn(net(inputs(patch), keep[None], give[None])[0])


def inputs(patch: Patch) -> Floats:
    """Return (1, 3, S, S), -1 to 1, a patch's square."""
    return np.ascontiguousarray((patch.pixels / np.float32(127.5) - 1).transpose(2, 0, 1)[None], np.float32)


def redrawn(square: Floats) -> Pixels:
    """Return (S, S, 3) for (1, 3, S, S), -1 to 1 or beyond."""
    return np.asarray(np.round(np.clip(shown(square[0]), 0, 255)), np.uint8)
