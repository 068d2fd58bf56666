"""Room 4, CUT: from a frame and a region to the patch that a method may see."""

from __future__ import annotations

import numpy as np

from visard.policy import Rule
from visard.shape.mask import outline, window
from visard.shape.mesh import canonical
from visard.types import Frame, Patch, Region


def cut(frame: Frame, region: Region, rule: Rule, seed: int, around: float = 0.0) -> Patch | None:
    """Return the patch of a region, or None where the region lies wholly outside the frame.

    The patch is the upright window that the mask touches, at the frame's resolution, and so much around it, in sides
    of the region's box; to_frame is the shift to its place. Its pixels are a read-only view of the frame.
    """
    height, width = frame.pixels.shape[:2]
    rows, columns = cells = window(region, rule, height, width, around)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    pixels = frame.pixels[rows, columns]
    pixels.flags.writeable = False
    shift = np.array([[1, 0, columns.start], [0, 1, rows.start]], np.float32)
    points = None if region.points is None else region.points - shift[:, 2]
    corner = np.array([columns.start, rows.start, 0], np.float32)
    mesh = None if region.mesh is None else canonical().decode(region.mesh) - corner
    return Patch(pixels, outline(region, rule, cells), region.kind, points, seed, shift, mesh)
