"""Who is it: dlib's face embedding, for sparing people by photo and for doubting what was hidden."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import VisardError
from visard.models.store import path
from visard.types import Box, Pixels, Points, Region

Embedding = NDArray[np.float32]

SAME_PERSON = 0.6
"""Distance below which dlib calls two faces the same person (its published threshold)."""

_SMALLEST = 24
"""Faces with fewer pixels across say nothing reliable about who it is."""

_lock = threading.Lock()
_loaded: list[tuple[Any, Any]] = []


def embed(region: Region, *pictures: Pixels) -> list[Embedding] | None:
    """Return the 128 numbers of the face in each picture, at the place and pose it has in the first.

    pictures: (H, W, 3) uint8 RGB of one size; the landmarks of the first align them all, which is an
    attacker's best case for the others. Returns None where the face is too small to tell.
    Source: dlib's ResNet-29 and 5-point landmarks (MODELS 3).
    """
    if min(region.box.width, region.box.height) < _SMALLEST:
        return None
    height, width = pictures[0].shape[:2]
    cells = region.box.grow(0.6).cells(height, width)
    crops = [np.ascontiguousarray(p[cells]) for p in pictures]
    face = region.box.shift(-cells[1].start, -cells[0].start)
    if min(crops[0].shape[:2]) < _SMALLEST:
        return None
    import dlib

    landmarks, recogniser = _networks()
    with _lock:
        shape = landmarks(crops[0], _square(face))
        chips = [dlib.get_face_chip(crop, shape, size=150, padding=0.25) for crop in crops]
        return [np.asarray(recogniser.compute_face_descriptor(chip), np.float32) for chip in chips]


def eyes_and_nose(pixels: Pixels, box: Box) -> Points:
    """Return dlib's five points (5, 2) of the face in a box of (H, W, 3) uint8 RGB pixels.

    The eye on the image's right, outer and inner corner, the other eye likewise, and the base of the nose.
    """
    landmarks, _ = _networks()
    with _lock:
        shape = landmarks(np.ascontiguousarray(pixels), _square(box))
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


def distance(one: Embedding, other: Embedding) -> float:
    """Return the Euclidean distance of two embeddings; SAME_PERSON is the usual threshold."""
    return float(np.linalg.norm(one - other))


def warm_up() -> None:
    """Load the networks now, in a thread of their own, so that nobody waits for them later."""

    def load() -> None:
        with suppress(VisardError):  # whoever needs the networks gets the error
            _networks()

    threading.Thread(target=load, name="visard-warm-up", daemon=True).start()


def _networks() -> tuple[Any, Any]:
    with _lock:
        if not _loaded:
            import dlib

            landmarks = dlib.shape_predictor(str(path("dlib_landmarks5")))
            _loaded.append((landmarks, dlib.face_recognition_model_v1(str(path("dlib_resnet")))))
        return _loaded[0]


def _square(box: Box) -> Any:
    """Return the square that dlib's detector would draw: it leaves out the forehead of a taller box."""
    import dlib

    (cx, cy), half = box.centre, (box.width + box.height) / 4
    cy += 0.06 * box.height
    return dlib.rectangle(round(cx - half), round(cy - half), round(cx + half), round(cy + half))
