"""Who is it: dlib's face embedding, for sparing people by photo and for doubting what was hidden."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.models.dlib_resnet import MEAN, SIDE, to_onnx
from visard.models.runtimes import OpenCvNet
from visard.models.store import path
from visard.types import Box, Pixels, Region

Embedding = NDArray[np.float32]

SAME_PERSON = 0.6
"""Distance below which dlib calls two faces the same person (its published threshold)."""

_SMALLEST = 24
"""Faces with fewer pixels across say nothing reliable about who it is."""

_AROUND = 0.6
"""By how much of its box a face's surroundings, which the aligned square needs, reach beyond it."""

_lock = threading.Lock()
_loaded: list[Any] = []


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A face that was looked at: who it is, the (rows, columns) that were looked at, and its pose in them."""

    embedding: Embedding
    cells: tuple[slice, slice]
    _pose: Any

    def again(self, crop: Pixels) -> Embedding:
        """Return the embedding at the same place and pose in the same cells of another picture."""
        return _embed(np.ascontiguousarray(crop), self._pose)


def look(region: Region, pixels: Pixels) -> Look | None:
    """Return who the face of a region in (H, W, 3) uint8 RGB pixels is, or None where it is too small to tell.

    Raises ModelError. Source: dlib's ResNet-29 and 5-point landmarks (MODELS 3).
    """
    cells = region.box.grow(_AROUND).cells(*pixels.shape[:2])
    crop = np.ascontiguousarray(pixels[cells])
    if min(region.box.width, region.box.height, *crop.shape[:2]) < _SMALLEST:
        return None
    pose = _landmarks()(crop, _square(region.box.shift(-cells[1].start, -cells[0].start)))
    return Look(_embed(crop, pose), cells, pose)


def _embed(crop: Pixels, pose: Any) -> Embedding:
    import dlib

    chip = dlib.get_face_chip(crop, pose, size=SIDE, padding=0.25)
    blob = ((chip - np.array(MEAN, np.float32)) / np.float32(256)).transpose(2, 0, 1)[None]
    return _recogniser()(np.ascontiguousarray(blob))[0].reshape(-1)


def distance(one: Embedding, other: Embedding) -> float:
    """Return the Euclidean distance of two embeddings; SAME_PERSON is the usual threshold."""
    return float(np.linalg.norm(one - other))


def load() -> None:
    """Load the networks now, if they are not; raises ModelError."""
    _recogniser().load()
    _landmarks()


@cache
def _recogniser() -> OpenCvNet:
    return OpenCvNet("dlib_resnet", to_onnx=to_onnx)


def _landmarks() -> Any:
    with _lock:
        if not _loaded:
            import dlib

            _loaded.append(dlib.shape_predictor(str(path("dlib_landmarks5"))))
        return _loaded[0]


def _square(box: Box) -> Any:
    """Return the square that dlib's detector would draw: it leaves out the forehead of a taller box."""
    import dlib

    (cx, cy), half = box.centre, (box.width + box.height) / 4
    cy += 0.06 * box.height
    return dlib.rectangle(round(cx - half), round(cy - half), round(cx + half), round(cy + half))
