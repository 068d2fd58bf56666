"""Darkening. Weak below strength 1: whoever brightens the picture sees the face again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.strength import check_share
from visard.types import Form, Goal, Patch, Pixels


@dataclass(frozen=True, slots=True)
class Darken:
    """Scale brightness down: x_p = (1 - strength) x (METHODS 1.1); strength 1 is black-out."""

    name: ClassVar[str] = "darken"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"

    strength: float = 0.98

    def __post_init__(self) -> None:
        check_share("strength", self.strength)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch at (1 - strength) of its brightness, rounded down."""
        levels = np.arange(256) * (1.0 - self.strength)
        return levels.astype(np.uint8)[patch.pixels]
