"""Weak detections beside a surer face, told by whether anybody is seen there once that face is gone."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.detect.find import BlazeFace, CenterFace
from visard.detect.head import face_of
from visard.types import Box, Pixels, Region

_WEAK, _SURER = 0.6, 0.6
"""Score below which a face may be a remnant, and from which on another one may have led the detector to it."""

_TOUCHES = 0.1
"""Share of its box, from which on the other's box lies over it."""

_ROOM = 1.2
"""How much of the picture around it is looked at on each side, in its own width and height."""

_SIZES = (0.9, 1.05)
"""Halves of the others' boxes that are painted over, once each: as little, and as much, as a face fills."""

_RIM = 0.08
"""Softness of what is painted over, in its half widths: an edge would be something to see."""

_LEAST = ((CenterFace, 0.065), (BlazeFace, 0.15))
"""What a network must score to see somebody still. Of 180 faces of group photos over half of which another was pasted,
82 of them weak then, none is below both; of 47 weak detections that touch a surer face in those photos 27 are."""

_IS_IT = 0.3
"""Overlap (IoU) from which on it is the same face, unless it overlaps with one of the others more."""


def is_remnant(pixels: Pixels, region: Region, others: Sequence[Region]) -> bool:
    """Return whether a weak face in (H, W, 3) uint8 RGB pixels is but a part of surer ones that it touches.

    Those are painted over, in a copy of what lies around: who is there besides is seen still, half hidden or not; a
    forehead with a hat, the hair between two heads, a chin with its collar are no face any more. others: the faces
    that are hidden for sure. Raises ModelError.
    """
    box = face_of(region)
    surer = [other for other in others if other.score >= _SURER and other.score > region.score]
    touching = [face for face in map(face_of, surer) if face.overlap(box) > 0]
    if region.score >= _WEAK or all(face.overlap(box) < _TOUCHES * box.area for face in touching):
        return False
    rows, columns = box.grow(_ROOM).cells(*pixels.shape[:2])
    part = np.ascontiguousarray(pixels[rows, columns])
    here, there = box.shift(-columns.start, -rows.start), [f.shift(-columns.start, -rows.start) for f in touching]
    return not any(
        face.box.iou(here) > max([_IS_IT, *(face.box.iou(other) for other in there)])
        for size in _SIZES
        for network, least in _LEAST
        for face in network(least)(_without(part, there, size))
    )


def _without(pixels: Pixels, faces: Sequence[Box], size: float) -> Pixels:
    """Return the pixels with an oval of its own mean colour over each face."""
    result = pixels.astype(np.float32)
    for face in faces:
        middle, half = (round(v) for v in face.centre), (face.width / 2 * size, face.height / 2 * size)
        oval: NDArray[np.uint8] = np.zeros(pixels.shape[:2], np.uint8)
        cv2.ellipse(oval, tuple(middle), tuple(map(int, half)), 0, 0, 360, (255,), -1)
        if oval.any():
            soft = cv2.GaussianBlur(oval, (0, 0), max(1.0, _RIM * half[0])).astype(np.float32)[..., None] / 255
            result += soft * (pixels[oval > 0].mean(axis=0) - result)
    return np.asarray(np.round(result), np.uint8)
