"""Room 4, HIDE: which kinds may hold which, and whose face or head is part of a figure that hides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from visard.found import Found
from visard.types import Kind, Region

LARGER: tuple[Kind, ...] = ("vehicle", "person", "head", "plate", "text", "face")
"""Kinds from the one that may hold all others."""


def absorb(found: Found, covers: Callable[[Region], bool]) -> Found:
    """Return what was found, faces and heads made part of the figure, if any, that blindly covers their subject.

    On a figure without a face no face is drawn, in no frame; where it leaves the figure it is covered alike. covers:
    whether a region is hidden without a look at it.
    """
    over = {r.track: r.kind for kind in ("head", "person") for r in found.all() if r.kind == kind and covers(r)}

    def part(region: Region) -> Region:
        kind = over.get(region.track, region.kind)
        smaller = LARGER.index(region.kind) > LARGER.index(kind) and region.kind in ("face", "head")
        return replace(region, kind=kind, points=None) if smaller and region.hide else region

    if not over:
        return found
    # The figure is drawn last, over the parts that it holds.
    regions = {index: map(part, own) for index, own in found.regions.items()}
    return Found({index: tuple(sorted(own, key=lambda r: r.box.area)) for index, own in regions.items()})
