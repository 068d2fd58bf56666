"""What decides beside a password whom a face becomes and whether it comes back: sex, age, hair, at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError, suggest
from visard.methods.donors import bank
from visard.shape.identity import look
from visard.shape.landmarks import Vertices, region_of
from visard.shape.mesh import canonical
from visard.types import Patch, Pixels

Floats = NDArray[np.float32]

FACTORS: Mapping[str, tuple[str, ...]] = {
    "sex": ("female", "male"),
    "age": ("young", "middle", "old"),
    "hair": ("dark", "light"),
}
"""What is told apart -> the words for it."""

CODE = 5
"""Numbers of a code: male, young, middle, old, light; each -1 or 1."""

_AGES = (2.5, 4.0)
"""Tens of years at which middle age begins and ends."""

_LIGHT = 75.0
"""Lightness, 0 to 255, from which on hair is light."""

_TOP, _CHIN = 10, 152
"""Vertices at the upper and lower end of a face."""

_HIGH, _WIDE = (1.12, 1.3), 0.25
"""Where hair is looked for: from the chin, in heights of the face, and how far to each side."""


@dataclass(frozen=True, slots=True)
class Factors:
    """The words that describe somebody, one of each in `FACTORS`."""

    sex: str
    age: str
    hair: str

    def code(self) -> Floats:
        """Return (5,) what a network is told, each -1 or 1."""
        ages = [self.age == word for word in FACTORS["age"]]
        return np.array([self.sex == "male", *ages, self.hair == "light"], np.float32) * 2 - 1

    def but(self, words: Mapping[str, str]) -> Factors:
        """Return the same with some words exchanged."""
        return replace(self, **words)

    def __str__(self) -> str:
        return f"{self.sex},{self.age},{self.hair}"


def parse(text: object) -> dict[str, str]:
    """Return factor -> word of words by commas, in any order; none for an empty text.

    Raises UsageError for an unknown word, or two of one sort.
    """
    if not isinstance(text, str):
        raise UsageError(f"factors are {text!r}", hint="name some by commas: male,old,light")
    sorts = {word: sort for sort, words in FACTORS.items() for word in words}
    chosen: dict[str, str] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        if word not in sorts:
            raise UsageError(f"unknown factor {word!r}", hint=suggest(word, sorts))
        if sorts[word] in chosen:
            raise UsageError(f"{chosen[sorts[word]]!r} and {word!r} contradict each other", hint="give one of them")
        chosen[sorts[word]] = word
    return chosen


def read(patch: Patch, vertices: Vertices) -> Factors:
    """Return what a patch's face looks like; raises ModelError."""
    seen = look(region_of(vertices), patch.pixels)
    attributes = bank().reader(canonical().unwrap(patch.pixels, vertices), None if seen is None else seen.embedding)
    return told(attributes, lightness(patch.pixels, vertices))


def told(attributes: Floats, light: float) -> Factors:
    """Return the words for attributes as the bank's (sex, age, ...), and for the lightness of hair."""
    age = FACTORS["age"][int(np.searchsorted(_AGES, attributes[1]))]
    return Factors(FACTORS["sex"][int(attributes[0] > 0.5)], age, FACTORS["hair"][int(light > _LIGHT)])


def lightness(pixels: Pixels, vertices: Vertices) -> float:
    """Return the median lightness, 0 to 255, of what lies above a face: hair, as a rule."""
    top, chin = vertices[_TOP, :2], vertices[_CHIN, :2]
    up = top - chin
    across = np.array([-up[1], up[0]])
    steps = np.mgrid[_HIGH[0] : _HIGH[1] : 6j, -_WIDE:_WIDE:12j]
    places = chin + steps[0][..., None] * up + steps[1][..., None] * across
    height, width = pixels.shape[:2]
    x, y = (np.clip(places[..., i], 0, limit - 1).astype(np.intp) for i, limit in ((0, width), (1, height)))
    lab = cv2.cvtColor(np.ascontiguousarray(pixels[y, x]), cv2.COLOR_RGB2LAB)
    return float(np.median(lab[..., 0]))
