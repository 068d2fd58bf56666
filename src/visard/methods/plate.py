"""A number plate of nobody's: same place, layout, colours and light, and letters of no alphabet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visard.methods.lettering import TALL, Sign, around, flatten, light, put, write
from visard.types import Form, Goal, Kind, Patch, Pixels

_TWO_LINES = 2.2
"""Width over height below which a plate has two lines."""

_BLUE = 25.0
"""By how much the left end of a plate must be bluer than its ground to be a band with a country's name."""


@dataclass(frozen=True, slots=True)
class Plate:
    """Draw a plate in the original's four corners, its two colours and the slope of its light; nothing else is kept.

    Number and grouping of its letters follow from its shape, not from the original's. Seen edge-on, only the
    surroundings are continued over it.
    """

    name: ClassVar[str] = "plate"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    kinds: ClassVar[tuple[Kind, ...]] = ("plate",)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another plate."""
        sign = flatten(patch)
        return around(patch) if sign is None else put(patch, sign, _draw(sign, np.random.default_rng(patch.seed)))


def _draw(sign: Sign, random: np.random.Generator) -> NDArray[np.float32]:
    height, width = sign.pixels.shape[:2]
    canvas = np.tile(sign.ground, (height, width, 1)).astype(np.float32)
    left = _band(sign)
    if left:
        canvas[:, :left] = np.median(sign.pixels[:, 2 : max(3, left - 2)].reshape(-1, 3), axis=0)
    edge, room = round(0.05 * TALL), round(0.2 * TALL)
    ring = np.ones((height, width), bool)
    ring[edge:-edge, edge : max(edge, width - edge)] = False
    canvas[ring] = 0.5 * canvas[ring] + 0.5 * sign.ink
    x0, x1 = left + room // 2, width - room // 2
    if width < _TWO_LINES * height:
        middle = height // 2
        write(canvas, (x0, room // 2, x1, middle - 3), (3,), sign.ink, random)
        write(canvas, (x0, middle + 4, x1, height - room // 2), (4,), sign.ink, random)
    else:
        write(canvas, (x0, room, x1, height - room), (3, 4) if width > 3 * height else (3, 3), sign.ink, random)
    return np.asarray(canvas * light(sign.pixels, sign.ground), np.float32)


def _band(sign: Sign) -> int:
    """Return the width of the blue band at the left end, 0 where there is none."""
    width = round(0.1 * sign.pixels.shape[1])
    blue = sign.pixels[:, 2 : max(3, width - 2), 2].astype(np.float32) - sign.pixels[:, 2 : max(3, width - 2), 0]
    return width if float(np.median(blue)) > float(sign.ground[2] - sign.ground[0]) + _BLUE else 0
