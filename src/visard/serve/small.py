"""Small pictures: what the page shows of a frame."""

from __future__ import annotations

import cv2
import numpy as np

from visard.errors import VisardError
from visard.types import Box, Pixels

_AROUND = 0.3
"""How much of its surroundings a face's picture shows, in widths of its box on each side."""


def shrink(pixels: Pixels, longest: int) -> Pixels:
    """Return (H, W, 3) pixels with no side longer than `longest`."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """Return (H, W, 3) RGB pixels as a JPEG file without any tags."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise VisardError("the picture cannot be shown", hint="please report this kind of file")
    return data.tobytes()


def portrait(pixels: Pixels, box: Box, side: int = 192) -> Pixels:
    """Return the square around a box, moved into the picture, at most side x side."""
    height, width = pixels.shape[:2]
    half = min(max(box.width, box.height) * (0.5 + _AROUND), width / 2, height / 2)
    x, y = (min(max(v, half), most - half) for v, most in zip(box.centre, (width, height), strict=True))
    return shrink(np.ascontiguousarray(pixels[Box(x - half, y - half, x + half, y + half).cells(height, width)]), side)


def strip(views: list[Pixels], height: int = 64) -> Pixels:
    """Return views of equal shape side by side, each `height` high."""
    wide = [max(1, round(view.shape[1] * height / view.shape[0])) for view in views]
    sized = [cv2.resize(v, (w, height), interpolation=cv2.INTER_AREA) for v, w in zip(views, wide, strict=True)]
    return np.asarray(np.hstack(sized), np.uint8)
