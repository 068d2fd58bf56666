"""Sex and age before and after: kept where nothing changed, and no more than a guess where nothing is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from visard.attack.attribute import attributes
from visard.attack.looks import Look
from visard.shape.framing import Framing
from visard.types import Box, Pixels

POINTS = np.array([[20, 24], [40, 24], [30, 36], [22, 44], [38, 44]], np.float32)


class Brightness:
    """A network that takes bright faces for men, as many years old as they are bright."""

    framing = Framing(16, 0.3, 0.4)

    def traits(self, faces: Pixels) -> tuple[Any, Any]:
        mean = faces.mean((1, 2, 3), dtype=np.float32)
        return (mean > 100).astype(np.float32), mean


def looks(*pairs: tuple[int, int]) -> list[Look]:
    def flat(level: int) -> Pixels:
        return np.full((64, 64, 3), level, np.uint8)

    return [Look("a", flat(a), flat(b), Box(10, 10, 50, 50), POINTS) for a, b in pairs]


def test_what_stays_and_what_changes() -> None:
    network: Any = Brightness()
    kept, guessed, years = attributes(looks((120, 120), (130, 90), (40, 40), (150, 150)), network)
    assert kept.value == 0.75 and kept.n == 4 and guessed.value == 0.75 and years.value == 10
    assert all(score.value is None and score.reason for score in attributes([], network))
