"""Nobody on whom a method is judged may have taught it: people who could be one of those are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from visard.shape.identity import look
from visard.train.faces import Photo, Told

Floats = NDArray[np.float32]

LIMIT = 0.5
"""Cosine of two people's embeddings, seen from the training people's mean, from which on they could be one."""


NOBODY: Floats = np.zeros((0, 128), np.float32)
"""Embeddings of nobody, where nobody is to be kept out."""


def unlike(vectors: Floats, people: Sequence[str], others: Floats) -> NDArray[np.bool_]:
    """Return for each of N faces whether its person is nobody of the others.

    vectors: (N, D) embeddings of people (N); others: (M, D), one a person to be kept out. Whoever has one photo, or whose
    photos' mean, has a cosine above `LIMIT` to anybody is left out with all photos.
    """
    if not len(others):
        return np.ones(len(vectors), bool)
    names, who = np.unique(np.asarray(people), return_inverse=True)
    centre = vectors.mean(axis=0)
    faces, apart = _unit(vectors - centre), _unit(others - centre)
    means = np.zeros((len(names), vectors.shape[1]), np.float32)
    np.add.at(means, who, faces)
    like = (_unit(means) @ apart.T).max(axis=1)
    np.maximum.at(like, who, (faces @ apart.T).max(axis=1))
    return np.asarray(like[who] <= LIMIT)


def seen(photos: Iterable[Photo | None], total: int, told: Told) -> Floats:
    """Return (M, 128) one embedding of dlib's a person, the mean of those of its photos; raises ModelError."""
    looks: dict[str, list[Floats]] = {}
    for done, photo in enumerate(photos, 1):
        told("reading who is kept out", done, total)
        own = look(photo.region, photo.pixels) if photo is not None else None
        if photo is not None and own is not None:
            looks.setdefault(photo.person, []).append(own.embedding)
    return np.array([np.mean(vectors, axis=0) for vectors in looks.values()], np.float32).reshape(-1, 128)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
