"""From pictures to evidence: find the main face in each, align it, and ask a recogniser who it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from visard.attack.cache import Array, Keep, forget
from visard.attack.recognisers.recogniser import Recogniser, Vectors, align, centred, unit
from visard.detect import BlazeFace, CenterFace
from visard.detect.search import Effort
from visard.models.store import entry
from visard.types import Box, Pixels, Points, Region

_SAME_PLACE = 0.3
"""Overlap (IoU) from which a face in the hidden picture is taken for the one that was hidden."""

_NETWORKS = {"centerface": "centerface", "blazeface": "blazeface_full_range"}
"""Detector -> its network in the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture before and after hiding, and where its main face is.

    points: (5, 2) of the clean picture. found, found_box: points and box of the face that a detector finds in its
    place in the hidden picture, None if it finds none. moved: (5, 2) points in the hidden picture where an attacker
    made another picture of it, None where they are those of the clean one.
    """

    person: str
    clean: Pixels
    hidden: Pixels
    box: Box
    points: Points
    found: Points | None = None
    found_box: Box | None = None
    moved: Points | None = None

    @property
    def best_points(self) -> Points:
        """The points that align the hidden picture best, (5, 2): those of the clean one, where they lie now."""
        return self.points if self.moved is None else self.moved

    def clear(self) -> Look:
        """Return the look as if nothing had been hidden: the ceiling of every attack."""
        return replace(self, hidden=self.clean, found=self.points, found_box=self.box)


def look(person: str, clean: Pixels, hidden: Pixels, keep: Keep = forget) -> Look | None:
    """Return where the main face is before and after hiding; None where the clean picture shows none."""
    main = main_face(faces(clean, "fine", keep), clean)
    return None if main is None else see_hidden(person, clean, hidden, main, keep)


def see_hidden(person: str, clean: Pixels, hidden: Pixels, main: Region, keep: Keep = forget) -> Look:
    """Return the look for a picture whose main face is known."""
    again = at_place(main.box, faces(hidden, "coarse", keep))
    seen = known(person, clean, hidden, main)
    return seen if again is None else replace(seen, found=again.points, found_box=again.box)


def known(person: str, clean: Pixels, hidden: Pixels, main: Region) -> Look:
    """Return the look for a picture whose main face is known, and which nobody looks for again."""
    assert main.points is not None, "faces have points"
    return Look(person, clean, hidden, main.box, main.points)


def vectors(
    recogniser: Recogniser, pictures: Sequence[Pixels], points: Sequence[Points], keep: Keep = forget
) -> Vectors:
    """Return (N, D) vectors of length 1, seen from their mean, for the faces with these points, one picture each.

    Clear and hidden pictures are each seen from their own mean: the attacker has many, and calibrates for a method.
    """
    return centred(embed(recogniser, pictures, points, keep))


def embed(recogniser: Recogniser, pictures: Sequence[Pixels], points: Sequence[Points], keep: Keep = forget) -> Vectors:
    """Return (N, D) vectors of length 1, as the recogniser gives them, for the faces with these points."""
    models = " ".join(entry(name).sha256[:8] for name in recogniser.card.models)
    chips = [align(p, q, recogniser.framing) for p, q in zip(pictures, points, strict=True)]
    rows = [keep(f"{recogniser.name} {models}", chip, partial(_vector, recogniser, chip)) for chip in chips]
    return unit(np.stack(rows))


def faces(pixels: Pixels, effort: Effort = "fine", keep: Keep = forget) -> list[Region]:
    """Return the faces that CenterFace sees in (H, W, 3) uint8 RGB pixels, best first, each with five points."""
    return search(CenterFace(effort=effort), pixels, keep)


def search(detector: CenterFace | BlazeFace, pixels: Pixels, keep: Keep = forget) -> list[Region]:
    """Return the faces that a detector sees in (H, W, 3) uint8 RGB pixels, best first, each with five points."""
    network = entry(_NETWORKS[detector.name]).sha256[:8]
    rows = keep(f"{detector.name} {network} {detector.effort}", pixels, partial(_rows, detector, pixels))
    return [Region("face", Box(*map(float, row[:4])), float(row[4]), row[5:].reshape(5, 2)) for row in rows]


def _vector(recogniser: Recogniser, chip: Pixels) -> Array:
    row: Array = recogniser(chip[None])[0]
    return row


def _rows(detector: CenterFace | BlazeFace, pixels: Pixels) -> Array:
    """Return the faces as rows: box, score, five points."""
    rows = [[*face.box, face.score, *np.ravel(face.points)] for face in detector(pixels) if face.points is not None]
    return np.array(rows, np.float32).reshape(-1, 15)


def main_face(found: Sequence[Region], pixels: Pixels) -> Region | None:
    """Return the face that the picture is about: large and near the middle; None where there is none."""
    height, width = pixels.shape[:2]

    def weight(face: Region) -> float:
        x, y = face.box.centre
        return face.box.side - float(np.hypot(x - width / 2, y - height / 2))

    return max(found, key=weight, default=None)


def at_place(box: Box, found: Sequence[Region]) -> Region | None:
    """Return the face that overlaps a box best, None where none overlaps it by an IoU of 0.3."""
    best = max(found, key=lambda face: face.box.iou(box), default=None)
    return best if best is not None and best.box.iou(box) > _SAME_PLACE else None
