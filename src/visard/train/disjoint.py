"""Nobody on whom a method is judged may have taught it: people who could be one of those are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.models.store import read
from visard.shape.landmarks import find_mesh, five_points
from visard.shape.similarity import fit, warp
from visard.train.faces import Photo, Told

Floats = NDArray[np.float32]

LIMIT = 0.5
"""Cosine of the means of two people's photos, seen from everybody's mean, from which on they could be one."""

NOBODY: Floats = np.zeros((0, 512), np.float32)
"""Vectors of nobody, where nobody is to be kept out."""

_CROWD = 100
"""People from which on their mean is what all faces share."""

_SIDE = 160
_TEMPLATE = np.array([[0.35, 0.42], [0.65, 0.42], [0.5, 0.591], [0.374, 0.723], [0.626, 0.723]], np.float32)
"""Where five points of a face lie in the square that FaceNet takes, as shares of its side."""


def unlike(vectors: Floats, people: Sequence[str], others: Floats) -> NDArray[np.bool_]:
    """Return for each of N faces whether its person is nobody of the others.

    vectors: (N, D) of people (N); others: (M, D), one a person to be kept out. Whose mean has a cosine above `LIMIT` to
    anybody's is left out, with all photos.
    """
    if not len(others):
        return np.ones(len(people), bool)
    names, of = np.unique(np.asarray(people), return_inverse=True)
    means = np.zeros((len(names), vectors.shape[1]), np.float32)
    # What all faces share, to FaceNet, tells nobody apart; what few people share is themselves.
    centre = _unit(vectors).mean(axis=0) if len(names) >= _CROWD else np.float32(0)
    np.add.at(means, of, _unit(_unit(vectors) - centre))
    like = (_unit(means) @ _unit(_unit(others) - centre).T).max(axis=1)
    return np.asarray(like[of] <= LIMIT)


def who(photo: Photo) -> Floats:
    """Return FaceNet's (512,) vector of a photo's face; raises ModelError.

    A white box, trained on CASIA-WebFace. By dlib, four of five people would be one of 300 others.
    """
    points = five_points(find_mesh(photo.pixels, photo.region).vertices)
    face = warp(photo.pixels, fit(points, _TEMPLATE * _SIDE), _SIDE, _SIDE)
    net = _facenet()
    net.setInput(np.ascontiguousarray(((face.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]))
    return np.array(net.forward()[0], np.float32)


@cache
def _facenet() -> Any:
    return cv2.dnn.readNetFromTensorflow(np.frombuffer(read("facenet"), np.uint8))


def seen(photos: Iterable[Photo | None], total: int, told: Told) -> Floats:
    """Return (M, 512) one vector a person, the mean of those of its photos; raises ModelError."""
    looks: dict[str, list[Floats]] = defaultdict(list)
    for done, photo in enumerate(photos, 1):
        told("reading who is kept out", done, total)
        if photo is not None:
            looks[photo.person].append(_unit(who(photo)))
    return np.array([np.mean(vectors, axis=0) for vectors in looks.values()], np.float32).reshape(-1, 512)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)
