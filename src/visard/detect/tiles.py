"""Overlapping tiles: a large picture in pieces of one shape that a network can afford."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

STEP = 32
"""Sides of a tile are multiples of this, which the networks demand."""

_LONGEST = 1280
"""No tile is longer than this, in network pixels."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles of one shape over one picture, seen at one scale.

    height, width: of every tile in network pixels. tall, wide: what a tile covers, in picture pixels.
    corners: (x, y) of each tile's upper left, in picture pixels.
    """

    height: int
    width: int
    tall: int
    wide: int
    corners: tuple[tuple[int, int], ...]


def starts(length: int, size: int, overlap: int) -> tuple[int, ...]:
    """Return where tiles of a size begin so that they cover 0..length.

    All three in pixels. Neighbours share at least the overlap, so that an interval of at most that length
    lies whole in some tile; the last tile ends at the length, unless it alone is longer.
    """
    if size >= length:
        return (0,)
    if size <= overlap:
        raise AssertionError(f"tiles of {size} px cannot overlap by {overlap} px")
    count = ceil((length - overlap) / (size - overlap))
    return tuple(i * (length - size) // (count - 1) for i in range(count))


def plan(height: int, width: int, scale: float, area: int, overlap: int) -> Tiling:
    """Return the tiling with the fewest network pixels of those whose tiles stay within the area.

    height, width: of the picture in its pixels; scale: network pixels per picture pixel; area: of a tile in
    network pixels; overlap: of neighbours, in network pixels.
    """
    rows, columns = _sides(height, scale, overlap), _sides(width, scale, overlap)
    fit = [(r, c) for r in rows for c in columns if r * c <= area] or [(min(rows), min(columns))]
    best = min(fit, key=lambda side: rows[side[0]].total * columns[side[1]].total)
    down, across = rows[best[0]], columns[best[1]]
    corners = tuple((x, y) for y in down.starts for x in across.starts)
    return Tiling(*best, down.covers, across.covers, corners)


@dataclass(frozen=True, slots=True)
class _Row:
    covers: int
    starts: tuple[int, ...]
    total: int


def _sides(length: int, scale: float, overlap: int) -> dict[int, _Row]:
    # Every useful side of a tile, in network pixels, and the row of such tiles that covers the length.
    whole = ceil(max(1, round(length * scale)) / STEP) * STEP
    shortest = min(whole, ceil((2 * overlap + STEP) / STEP) * STEP)
    rows = {}
    for side in range(shortest, min(whole, _LONGEST) + 1, STEP):
        covers = max(1, int(side / scale))
        # A tile for the whole length covers it in spite of rounding.
        covers = max(covers, length) if side == whole else covers
        corners = starts(length, covers, ceil(overlap / scale))
        rows[side] = _Row(covers, corners, side * len(corners))
    return rows
