"""Room 4, CUT: from a frame and a region to the patch that a method may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visard.policy import Rule
from visard.shape.mask import outline, widened, window
from visard.shape.mesh import canonical
from visard.types import Box, Frame, Mask, Patch, Region

Cells = tuple[slice, slice]
Cut = tuple[Region, Rule]

_NEAR = 0.15
"""Sides of their boxes around two regions; where these meet, the regions are removed together."""


def cut(frame: Frame, region: Region, rule: Rule, seed: int, around: float = 0.0) -> Patch | None:
    """Return the patch of a region, or None where the region lies wholly outside the frame.

    The patch is the upright window that the mask touches, at the frame's resolution, and so much around it, in sides
    of the region's box; to_frame is the shift to its place. Its pixels are a read-only view of the frame.
    """
    height, width = frame.pixels.shape[:2]
    rows, columns = cells = window(region, rule, height, width, around)
    own = window(region, rule, height, width)  # beyond it the rim would be neither doubted nor sealed
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    pixels = frame.pixels[rows, columns]
    pixels.flags.writeable = False
    shift = np.array([[1, 0, columns.start], [0, 1, rows.start]], np.float32)
    points = None if region.points is None else region.points - shift[:, 2]
    corner = np.array([columns.start, rows.start, 0], np.float32)
    mesh = None if region.mesh is None else canonical().decode(region.mesh) - corner
    around_it = None if region.outline is None else region.outline - shift[:, 2]
    mask = widened(outline(region, rule, own), own, cells)
    return Patch(pixels, mask, region.kind, points, seed, shift, mesh, outline=around_it)


def cut_out(frame: Frame, group: Sequence[Cut], others: Sequence[Cut], seed: int, around: float) -> Patch:
    """Return one patch of regions that are removed together, and so much around them, in sides of what is hidden.

    Its mask has no soft rim: a rim would keep something of whoever is removed. others: subjects who are not removed, or
    not with these; the patch says where.
    """
    height, width = shape = frame.pixels.shape[:2]
    spans = [window(region, rule, *shape) for region, rule in group]
    hidden = Box(
        min(c.start for _, c in spans), min(r.start for r, _ in spans),
        max(c.stop for _, c in spans), max(r.stop for r, _ in spans),
    )  # fmt: skip
    reach = around * hidden.side
    rows, columns = cells = Box(hidden.x0 - reach, hidden.y0 - reach, hidden.x1 + reach, hidden.y1 + reach).cells(
        height, width
    )
    pixels = frame.pixels[rows, columns]
    pixels.flags.writeable = False
    mask = np.asarray(covered(group, cells, shape), np.float32)
    shift = np.array([[1, 0, columns.start], [0, 1, rows.start]], np.float32)
    elsewhere = covered(others, cells, shape)
    return Patch(pixels, mask, group[0][0].kind, None, seed, shift, others=elsewhere)


def cells_of(patch: Patch) -> Cells:
    """Return the (rows, columns) of its frame that a patch shows."""
    x, y = (int(v) for v in patch.to_frame[:, 2])
    return slice(y, y + patch.mask.shape[0]), slice(x, x + patch.mask.shape[1])


def covered(cuts: Sequence[Cut], cells: Cells, shape: tuple[int, ...], soft: bool = True) -> NDArray[np.bool_]:
    """Return over the given cells of a frame of that shape where the regions are; soft: with their soft rims."""
    rows, columns = cells
    whole = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.bool_)
    for region, rule in cuts:
        own = window(region, rule, *shape[:2])
        y, x = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(own, cells, strict=True))
        if y.start < y.stop and x.start < x.stop:
            mask: Mask = outline(region, rule, (y, x))
            whole[y.start - rows.start : y.stop - rows.start, x.start - columns.start : x.stop - columns.start] |= (
                mask > 0 if soft else mask >= 1
            )
    return whole


def beside(drawn: Sequence[Cut], own: Cut, patch: Patch, shape: tuple[int, ...]) -> Patch:
    """Return the patch of a figure without its margin where figures are drawn already: nothing parts who touch.

    There the neighbour's cover hides; what the figure's outline encloses lies over it all the same.
    """
    cells = cells_of(patch)
    hidden = covered(drawn, cells, shape, soft=False)
    if not hidden.any():
        return patch
    region, rule = own
    inner = outline(region, replace(rule, margin=0.0), cells) >= 1
    return replace(patch, mask=np.where(hidden & ~inner, np.float32(0), patch.mask))


def together(cuts: Sequence[Cut], shape: tuple[int, ...]) -> list[list[Cut]]:
    """Return the regions that touch a frame of that shape in groups of neighbours."""
    groups: list[tuple[Box, list[Cut]]] = []
    for region, rule in cuts:
        rows, columns = window(region, rule, *shape[:2])
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        reach = _NEAR * region.box.side
        box = Box(columns.start - reach, rows.start - reach, columns.stop + reach, rows.stop + reach)
        members = [(region, rule)]
        while near := [group for group in groups if group[0].overlap(box) > 0]:
            groups = [group for group in groups if group[0].overlap(box) <= 0]
            for other, own in near:
                box, members = box.union(other), [*own, *members]
        groups.append((box, members))
    return [members for _, members in groups]
