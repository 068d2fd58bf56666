"""What CIAGAN may know of a face: lines along jaw, nose and mouth, and nothing of eyes, brows and lips."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.shape.landmarks import Vertices
from visard.shape.marks import BRIDGE, JAW, MOUTH, marks


def sketch(vertices: Vertices, side: int) -> NDArray[np.float32]:
    """Return (3, side, side), -1 to 1: black lines a pixel wide on white (Maximov et al. 2020)."""
    points = np.round((marks(vertices) - 0.5) * 16).astype(np.int32)
    canvas = np.full((side, side), 255, np.uint8)
    for line, closed in ((points[JAW], False), (points[BRIDGE], False), (points[MOUTH], True)):
        cv2.polylines(canvas, [line], closed, (0,), shift=4)
    return np.repeat(canvas[None].astype(np.float32) / np.float32(127.5) - 1, 3, axis=0)
