"""Room 3, FOLLOW: which face, head and person are one subject's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from visard.types import Kind, Region

_NESTED: tuple[Kind, ...] = ("face", "head", "person")
"""Parts of one subject, each of which lies in the next one."""


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


def _owners(whole: Mapping[int, tuple[Region, ...]]) -> dict[int, int]:
    """Return part's number -> whose it is, for faces and heads that lie in a larger part more often than not."""
    together, shown = Counter[tuple[int, int]](), Counter[int]()
    for regions in whole.values():
        shown.update(r.track for r in regions)
        together.update(_pairs([r for r in regions if r.kind in _NESTED]))
    owner: dict[int, int] = {}
    for (part, other), times in together.most_common():
        if 2 * times >= shown[part]:
            owner.setdefault(part, other)
    # A face is its head's, and that its person's.
    return {part: owner.get(other, other) for part, other in owner.items()}


def _pairs(regions: Sequence[Region]) -> Iterator[tuple[int, int]]:
    """Yield (part, whole) numbers of one frame: the likeliest first, and nobody has two faces, or two heads."""
    ranks = {r.track: _NESTED.index(r.kind) for r in regions}
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
