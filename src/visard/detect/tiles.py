"""Overlapping tiles: a large picture in pieces of one shape that a network can afford."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

STEP = 32
"""Sides of a tile are multiples of this, which the networks demand."""


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
    rows = _sides(height, scale, overlap)
    columns = _sides(width, scale, overlap)
    fit = [(r, c) for r in rows for c in columns if r * c <= area]
    # One narrow strip fits every area; a picture so small that nothing fits gets the smallest tile.
    best = min(
        fit or [(min(rows), min(columns))],
        key=lambda sides: sides[0] * rows[sides[0]] * sides[1] * columns[sides[1]],
    )
    tall, wide = (max(1, int(side / scale)) for side in best)
    shared = ceil(overlap / scale)
    corners = tuple((x, y) for y in starts(height, tall, shared) for x in starts(width, wide, shared))
    return Tiling(*best, tall, wide, corners)


def _sides(length: int, scale: float, overlap: int) -> dict[int, int]:
    # Every useful side of a tile (in network pixels) and how many tiles of it the length needs.
    whole = max(1, round(length * scale))
    shared = ceil(overlap / scale)
    longest = ceil(whole / STEP) * STEP
    shortest = min(longest, ceil((2 * overlap + STEP) / STEP) * STEP)
    sides = range(shortest, min(longest, 40 * STEP) + 1, STEP) if longest <= 40 * STEP else range(
        shortest, 40 * STEP + 1, STEP
    )
    return {side: len(starts(length, max(1, int(side / scale)), shared)) for side in sides}
