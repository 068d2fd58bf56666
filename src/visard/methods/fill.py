"""Black-out, or any flat colour: nothing of the face is left, and nothing of its use either."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from visard.errors import UsageError
from visard.types import Form, Goal, Patch, Pixels


@dataclass(frozen=True, slots=True)
class Fill:
    """Replace the hidden part by one colour (seed 002, naive methods: x_p = 0 x + colour)."""

    name: ClassVar[str] = "fill"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"

    colour: str = "black"
    _rgb: tuple[int, int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from PIL import ImageColor

        try:
            rgb = ImageColor.getrgb(self.colour)[:3]
        except (ValueError, AttributeError, TypeError) as error:
            raise UsageError(f"colour is {self.colour!r}", hint="give a name such as white, or #rrggbb") from error
        object.__setattr__(self, "_rgb", rgb)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the colour in every pixel."""
        row = np.tile(np.array(self._rgb, np.uint8), (patch.pixels.shape[1], 1))  # copied whole: ten times as fast
        return np.broadcast_to(row, patch.pixels.shape).copy()
