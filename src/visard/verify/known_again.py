"""Room 7, DOUBT: does a recogniser still take the hidden face for the person who was there?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.shape.identity import SAME_PERSON, Look, distance
from visard.types import Check, Frame, Pixels, Region
from visard.verify.originals import Originals

LIMIT = 0.1
"""Likeness beyond the context's that counts as recognition; dlib's answers to blanks scatter by about as much."""

_SAME = 1.0 - SAME_PERSON


class KnownAgain:
    """Compares hidden faces with their originals, each track at its clearest, once in a while.

    Likeness is 1 - distance of dlib's embeddings; from 0.4 on dlib says: the same person. Hair, ears and
    background alone often reach that on small faces, so the value is the likeness beyond the larger of 0.4
    and what the draft gives with a flat cover in the same place: what the hidden pixels themselves still tell.
    Landmarks of the original align all, the best case for an attacker. What the second detector does not take for
    a face in the original is left out: of a curtain a recogniser says nothing.
    """

    def __init__(self, originals: Originals) -> None:
        self._originals = originals
        self._worst = 0.0
        self._frames: list[int] = []
        self.weak: list[Region] = []

    def see(self, before: Frame, after: Frame, region: Region, cover: NDArray[np.uint8]) -> None:
        """Compare one hidden face; cover: (H, W), non-zero where this one alone is hidden."""
        was = self._originals.look(before, region)
        if was is None:
            return
        excess = _likeness(was, after.pixels[was.cells]) - _SAME
        if excess > LIMIT:
            blank = _blank(after.pixels[was.cells], cover[was.cells])
            excess = min(excess, excess + _SAME - _likeness(was, blank))
        if excess > LIMIT:
            self._frames.append(before.index)
            self.weak.append(region)
        self._worst = max(self._worst, excess)

    def check(self) -> Check:
        """Return the largest likeness beyond the context's."""
        return Check("known_again", self._worst, LIMIT, tuple(self._frames))


def _likeness(was: Look, now: Pixels) -> float:
    return 1.0 - distance(was.embedding, was.again(now))


def _blank(pixels: Pixels, cover: NDArray[np.uint8]) -> Pixels:
    """Return the picture with what is covered in its own mean colour: hair, ears and background are left."""
    hidden = cover > 0
    blank = pixels.copy()
    if hidden.any():
        blank[hidden] = pixels[hidden].mean(axis=0).astype(np.uint8)
    return blank
