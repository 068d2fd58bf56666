"""Heads: what a face implies, and the upper end of people whose face is turned away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from visard.types import Box, Kind, Region

_ABOVE, _BESIDE, _BELOW = 0.6, 0.45, 0.15
"""By how many heights, or widths, of a face's box the head with its hair reaches beyond it."""

_SHARE, _ASPECT = 0.2, 0.9
"""Height of the head as a share of a person's; its width as a share of its height."""

_SHOULDERS, _TALL = 1.6, 8.0
"""Half the width of a body in widths of a face, and its height in heights of one."""

_UNSURE, _SURE = 0.5, 0.6
"""Scores below which a face in another's head is a part of it, and from which on that head is one."""

_WITHIN = 0.9
"""Share of a guessed head from which on it is a piece of the known one that it lies in."""

_TRUNK, _NEARER = 0.8, 0.6
"""Half the width of a body on which nothing behind is seen, in widths of its face; and share of that one's head below
which no head before it is: who stands before somebody is nearer."""

_UPPER = 0.45
"""Share of a person's height in which their face lies."""


def head_of_face(face: Region) -> Region:
    """Return the head, with its hair, of a face."""
    x0, y0, x1, y1 = face.box
    width, height = face.box.width, face.box.height
    box = Box(x0 - _BESIDE * width, y0 - _ABOVE * height, x1 + _BESIDE * width, y1 + _BELOW * height)
    return replace(face, kind="head", box=box)


def face_of(head: Region) -> Box:
    """Return the box of the face of a head, even if it is turned away; of other regions, their own."""
    if head.kind != "head":
        return head.box
    x0, y0, x1, y1 = head.box
    width, height = head.box.width / (1 + 2 * _BESIDE), head.box.height / (1 + _ABOVE + _BELOW)
    return Box(x0 + _BESIDE * width, y0 + _ABOVE * height, x1 - _BESIDE * width, y1 - _BELOW * height)


def moved(head: Region, dx: float, dy: float) -> Region:
    """Return a head moved by (dx, dy) pixels."""
    points = None if head.points is None else head.points + np.array([dx, dy], np.float32)
    return replace(head, box=head.box.shift(dx, dy), points=points)


def face_is_of(face: Region, person: Region) -> bool:
    """Return whether a face lies where a person's is: its middle in the upper part of the box."""
    x, y = face.box.centre
    box = person.box
    return box.x0 <= x <= box.x1 and box.y0 - 0.1 * box.height <= y <= box.y0 + _UPPER * box.height


def head_of_person(person: Region) -> Region:
    """Return where the head of a person is whose face nobody found: the upper end of the box, if they stand or sit."""
    x0, y0, x1, _ = person.box
    height = min(_SHARE * person.box.height, person.box.width)
    half = min(person.box.width, 1.6 * _ASPECT * height) / 2
    middle = (x0 + x1) / 2
    return replace(person, kind="head", box=Box(middle - half, y0, middle + half, y0 + 1.15 * height))


def part_of_face(face: Region, kinds: Collection[Kind]) -> Region:
    """Return what a face says is to be hidden: itself, or its head, or its person, the smallest of those kinds."""
    if "face" in kinds:
        return face
    if "head" in kinds:
        return head_of_face(face)
    (x, _), width, height = face.box.centre, face.box.width, face.box.height
    body = Box(
        x - _SHOULDERS * width, face.box.y0 - _ABOVE * height, x + _SHOULDERS * width, face.box.y0 + _TALL * height
    )
    return replace(face, kind="person", box=body, points=None)


def _echoes(face: Region, other: Region) -> bool:
    """Return whether an unsure face is a piece of the head of a sure one, whose outline covers it."""
    (x, y), head = face.box.centre, head_of_face(other).box
    inside = head.x0 <= x <= head.x1 and head.y0 <= y <= head.y1
    return inside and face.score < _UNSURE < _SURE <= other.score and face.box.area < 1.2 * other.box.area


def heads(faces: Sequence[Region], people: Sequence[Region]) -> list[Region]:
    """Return the heads of faces, then those of people to whom none of the faces belongs."""
    faces = [face for face in faces if not any(_echoes(face, other) for other in faces)]
    known = [head_of_face(face) for face in faces]
    turned = [person for person in people if not any(face_is_of(face, person) for face in faces)]
    others = [head for head in map(head_of_person, turned) if not any(_belongs(head, own) for own in known)]
    return [*known, *others]


def _belongs(head: Region, known: Region) -> bool:
    """Return whether a head that nobody saw is a piece of whoever has a sure face.

    Of one whose box was cut too low it lies in their head; of one who was taken for two, below it on their body, and is
    too small for somebody before it.
    """
    if known.score < _SURE:
        return False
    (x, y), face = head.box.centre, face_of(known)
    below = y > known.box.y1 and abs(x - face.centre[0]) < _TRUNK * face.width
    small = head.box.height < _NEARER * known.box.height
    return (below and small) or head.box.overlap(known.box) >= _WITHIN * head.box.area
