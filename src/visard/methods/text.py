"""Neutral text: a line of the same shape and colours, in letters of no alphabet; what stood there is not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visard.methods.lettering import TALL, around, flatten, light, put, write
from visard.types import Form, Goal, Kind, Patch, Pixels

_ACROSS = 0.62
"""Width of a letter as a share of its line's height."""


@dataclass(frozen=True, slots=True)
class Text:
    """Draw a line in the original's four corners, its two colours and the slope of its light; nothing else is kept.

    Words are of random lengths. Seen edge-on, only the surroundings are continued over it.
    """

    name: ClassVar[str] = "text"
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another line."""
        sign = flatten(patch)
        if sign is None:
            return around(patch)
        random = np.random.default_rng(patch.seed)
        height, width = sign.pixels.shape[:2]
        canvas = np.tile(sign.ground, (height, width, 1)).astype(np.float32)
        room = round(0.2 * TALL)
        letters = max(1, round((width - room) / (_ACROSS * TALL)))
        write(canvas, (room // 2, room, width - room // 2, height - room), _words(letters, random), sign.ink, random)
        return put(patch, sign, np.asarray(canvas * light(sign.pixels, sign.ground), np.float32))


def _words(letters: int, random: np.random.Generator) -> list[int]:
    """Return lengths of words that add up to so many letters."""
    words = []
    while letters > 0:
        word = min(letters, int(random.integers(3, 8)))
        words.append(word)
        letters -= word
    return words
