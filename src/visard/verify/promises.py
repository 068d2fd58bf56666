"""Room 7, DOUBT: what a region's method promises, and where it hides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visard.hider import Hider
from visard.methods import claims
from visard.methods.haze import Haze
from visard.shape.mask import outline, window
from visard.types import Deidentifier, Prepared, Region

Cover = NDArray[np.uint8]

WITH_FACES = {"face", "head"}
"""Kinds whose regions say where a face is."""


def may_show(hider: Hider, region: Region) -> bool:
    """Return whether a detector may see a face in a hidden region: of the person's, colours are left at most."""
    method = hider.method(region)
    if claims.removes(method):
        return False
    if method.blind or isinstance(method, Prepared | Haze):
        return True
    return method.form == "generate" or method.goal == "machines"


def cover_of(regions: Sequence[Region], hider: Hider, shape: tuple[int, ...]) -> Cover:
    """Return (H, W) uint8 pixels, 255 where the hider hides the regions in a frame of that shape."""
    cover = np.zeros(shape, np.uint8)
    for region in regions:
        if region.hide:
            cells = window(region, hider.rule(region), *shape)
            cover[cells] |= (outline(region, hider.rule(region), cells) > 0).view(np.uint8) * np.uint8(255)
    return cover


def shows_a_face(method: Deidentifier) -> bool:
    """Return whether a face must be seen where one was hidden: another, or the same one, which machines mistake."""
    if claims.removes(method):
        return False
    return method.form == "generate" or (method.goal == "machines" and method.form == "perturb")


def keeps_its_outline(method: Deidentifier) -> bool:
    """Return whether a figure's own contour is meant to stay: one that is drawn anew, or wears other clothes."""
    return method.blind or method.form == "transform"


def promised(hider: Hider, region: Region) -> bool:
    """Return whether no recogniser may know the face of a region again."""
    return region.hide and region.kind in WITH_FACES and hider.method(region).goal in ("everyone", "machines")
