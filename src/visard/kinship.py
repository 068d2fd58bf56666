"""Room 3, FOLLOW: which face, head and person are one subject's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from visard.types import Kind, Region

OF_A_SUBJECT: tuple[Kind, ...] = ("face", "head", "person")
"""Parts of one subject, each of which lies in the next one."""

_TWICE, _MOSTLY, _STEPS = 0.8, 0.9, 32
"""What share of a box others cover who are seen in it once more, in what share of the frames, and places a side at
which that is told."""


def joined(followed: Sequence[dict[int, tuple[Region, ...]]]) -> dict[int, tuple[Region, ...]]:
    """Return the regions of all kinds, each followed by itself, with numbers that no two subjects share.

    A face and a head have the number of the person in whose box they lie, and a face that of its head, in most of
    the frames that show both.
    """
    whole: dict[int, tuple[Region, ...]] = {}
    last = 0
    for one in followed:
        for index, regions in one.items():
            whole[index] = whole.get(index, ()) + tuple(replace(r, track=r.track + last) for r in regions)
        last = max((r.track for regions in whole.values() for r in regions), default=0)
    owner = _owners(whole)
    return {i: tuple(replace(r, track=owner.get(r.track, r.track)) for r in own) for i, own in whole.items()}


def seen_twice(whole: Mapping[int, tuple[Region, ...]]) -> frozenset[int]:
    """Return the numbers of people who are somebody else once more, in nearly all frames that show them.

    In a group detectors draw boxes over two people, or a second one over somebody. Such a box has no face of its own;
    there are others' at its upper end, and it lies within the boxes of these.
    """
    known = {r.track for regions in whole.values() for r in regions if r.kind == "face"}
    shown, again = Counter[int](), Counter[int]()
    for regions in whole.values():
        faces = [r for r in regions if r.kind == "face"]
        people = [r for r in regions if r.kind == "person"]
        for person in people:
            if person.track not in known:
                owners = {face.track for face in faces if _lies_in(face, person) > 0}
                shown[person.track] += 1
                again[person.track] += _covered(person, [p for p in people if p.track in owners]) >= _TWICE
    return frozenset(track for track, times in shown.items() if again[track] >= _MOSTLY * times)


def _covered(person: Region, others: Sequence[Region]) -> float:
    """Return the share of a person's box that lies in the boxes of others."""
    steps = (np.arange(_STEPS) + 0.5) / _STEPS
    (x0, y0, x1, y1), inside = person.box, np.zeros((_STEPS, _STEPS), np.bool_)
    x, y = x0 + steps * (x1 - x0), y0 + steps * (y1 - y0)
    for other in others:
        across, down = (x > other.box.x0) & (x < other.box.x1), (y > other.box.y0) & (y < other.box.y1)
        inside |= down[:, None] & across
    return float(inside.mean())


def _owners(whole: Mapping[int, tuple[Region, ...]]) -> dict[int, int]:
    """Return part's number -> whose it is, for faces and heads that lie in a larger part more often than not."""
    together, shown = Counter[tuple[int, int]](), Counter[int]()
    for regions in whole.values():
        shown.update(r.track for r in regions)
        together.update(_pairs([r for r in regions if r.kind in OF_A_SUBJECT]))
    owner: dict[int, int] = {}
    for (part, other), times in together.most_common():
        if 2 * times >= shown[part]:
            owner.setdefault(part, other)
    # A face is its head's, and that its person's.
    return {part: owner.get(other, other) for part, other in owner.items()}


def _pairs(regions: Sequence[Region]) -> Iterator[tuple[int, int]]:
    """Yield (part, whole) numbers of one frame: the likeliest first, and nobody has two faces, or two heads."""
    ranks = {r.track: OF_A_SUBJECT.index(r.kind) for r in regions}
    nearest = [
        (_lies_in(part, other), part.track, other.track)
        for part in regions for other in regions if ranks[other.track] == _next(ranks, ranks[part.track])
    ]  # fmt: skip
    taken: set[tuple[int, int]] = set()
    for likeness, part, other in sorted(nearest, reverse=True):
        if likeness > 0 and not taken & {(part, -1), (other, ranks[part])}:
            taken |= {(part, -1), (other, ranks[part])}
            yield part, other


def _next(ranks: Mapping[int, int], rank: int) -> int:
    return min((other for other in ranks.values() if other > rank), default=-1)


def _lies_in(part: Region, other: Region) -> float:
    """Return up to 1, how well a face or head lies in the upper end of a larger part; 0 or less where it does not."""
    share = part.box.overlap(other.box) / max(part.box.area, 1e-6)
    (x, y), (middle, _) = part.box.centre, other.box.centre
    beside = abs(x - middle) / max(other.box.width, 1e-6)
    below = abs(y - other.box.y0) / max(other.box.height, 1e-6)
    return share - beside - below if share > 0.5 else 0.0
