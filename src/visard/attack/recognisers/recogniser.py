"""What a recogniser is: a framing for the face, a network, and a card that says what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.framing import Framing
from visard.types import Pixels, Points

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a recogniser: training set, accuracy on pairs of LFW measured here, licence, files.

    accuracy: share of right answers on `pairs` pairs of the judged development people (bench/recognisers.py),
    half of them genuine, threshold chosen on other people; None where it was not measured. models: names in the
    catalogue.
    """

    training: str
    accuracy: float | None
    pairs: int
    licence: str
    models: tuple[str, ...]


class Recogniser(Protocol):
    """A face recogniser: aligned faces in, vectors out whose cosine says how alike two faces are."""

    name: ClassVar[str]
    framing: ClassVar[Framing]
    card: ClassVar[Card]

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, D) float32 vectors of any length for (N, side, side, 3) uint8 RGB faces."""
        ...


def align(pixels: Pixels, points: Points, framing: Framing) -> Pixels:
    """Return the face with five points (5, 2) as the (side, side, 3) square that a framing asks for.

    The similarity (rotation, scale, shift) is the least-squares fit of the points to the template; what lies
    outside the picture repeats its edge. Points in one place, which fix no scale, give the picture's middle.
    """
    wanted = framing.template()
    # Points as complex numbers: a similarity is z -> a z + b.
    here, there = (p[:, 0] + 1j * p[:, 1] for p in (points.astype(np.float64), wanted))
    spread = here - here.mean()
    energy = float((abs(spread) ** 2).sum())
    a = complex((spread.conj() * (there - there.mean())).sum() / energy) if energy > 1e-9 else 1 + 0j
    b = complex(there.mean() - a * here.mean())
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    # Averaged first where it shrinks much: plain sampling would skip most of a large photo's pixels.
    small = _shrink(pixels, 2 * abs(a))
    matrix[:, :2] *= np.array([pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0]])
    square = (framing.side, framing.side)
    face = cv2.warpAffine(small, matrix, square, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(face, np.uint8)


def _shrink(pixels: Pixels, factor: float) -> Pixels:
    if factor >= 1:
        return pixels
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def stack(pictures: Sequence[Pixels], points: Sequence[Points], framing: Framing) -> Pixels:
    """Return the aligned faces of several pictures as one (N, side, side, 3) uint8 array."""
    faces = [align(p, q, framing) for p, q in zip(pictures, points, strict=True)]
    return np.stack(faces) if faces else np.zeros((0, framing.side, framing.side, 3), np.uint8)


def unit(vectors: Vectors) -> Vectors:
    """Return (N, D) vectors with rows of length 1; a zero row stays zero and is like nobody."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def centred(vectors: Vectors) -> Vectors:
    """Return (N, D) unit vectors seen from their mean, again of length 1.

    What all of them share, be it the network's bias or a method's look, tells nobody apart; without it cosines
    separate people better.
    """
    return unit(vectors - vectors.mean(0))
