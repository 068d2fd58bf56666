"""Whether painted faces reproduce training faces: nearest neighbours among them, beside those of strangers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visard.methods.scene import SIDE
from visard.shape.identity import look
from visard.shape.landmarks import find_mesh, region_of
from visard.train.album import Album
from visard.train.disjoint import Floats
from visard.train.likeness import TOO_NEAR
from visard.types import Box, Pixels, Region


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Of n painted faces: how many were found again, the least distance to any training face, the nearest's median, how
    many lie nearer than `likeness.TOO_NEAR`, and the same median between training faces of different people."""

    painted: int
    found: int
    least: float
    median: float
    too_near: int
    strangers: float


def compare(pictures: list[Pixels], album: Album) -> Resemblance:
    """Return how near painted squares (S, S, 3) come to any face of the album, as dlib measures; raises ModelError."""
    looks = [_embedding(picture) for picture in pictures]
    found = np.array([one for one in looks if one is not None], np.float32).reshape(-1, 128)
    faces, people = np.asarray(album.embeddings[album.rows]), np.asarray(album.people)[album.rows]
    nearest = np.array([np.linalg.norm(faces - one, axis=1).min() for one in found])
    picked = np.linspace(0, len(faces) - 1, min(len(faces), 500)).astype(int)
    others = [np.linalg.norm(faces[people != people[i]] - faces[i], axis=1).min() for i in picked]
    least, median = (float(nearest.min()), float(np.median(nearest))) if len(nearest) else (np.nan, np.nan)
    too_near, strangers = int((nearest < TOO_NEAR).sum()), float(np.median(others))
    return Resemblance(len(pictures), len(found), least, median, too_near, strangers)


def told_of(near: Resemblance, what: str) -> str:
    """Return a card's sentences on what was measured."""
    return (
        f"with dlib: {near.painted} {what}, {near.found} found again. The nearest training face lies {near.median:.2f} "
        f"away (median; {near.strangers:.2f} between strangers), at the least {near.least:.2f}; {near.too_near} lie "
        f"nearer than {TOO_NEAR}, where a donor would be dropped."
    )


def _embedding(picture: Pixels) -> Floats | None:
    whole = Region("face", Box(0.2 * SIDE, 0.15 * SIDE, 0.8 * SIDE, 0.85 * SIDE), 1.0)
    mesh = find_mesh(picture, whole)
    seen = look(region_of(mesh.vertices), picture) if mesh.sure else None
    return None if seen is None else seen.embedding
