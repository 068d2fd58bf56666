"""Who wears which face through a whole run: one person, one face, whatever the picture."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from visard.shape.identity import Embedding, distance, look
from visard.shape.landmarks import region_of
from visard.types import Casting, Kind, Patch

_ONE_PERSON = 0.5
"""Distance of dlib's embeddings below which two looks are one person's; at its own 0.6 strangers share a face."""

_LOOKS = 8
"""Looks by which a person is remembered, at most."""


class Roles:
    """The people of a run and their roles; nothing of it is written anywhere. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: dict[int, list[Embedding]] = {}
        self._cast: dict[Kind, Casting] = {}

    def cast(
        self, kind: Kind, method: Casting, patches: Mapping[int, Sequence[Patch]]
    ) -> tuple[Casting, dict[int, int]]:
        """Return the method with a role for each subject, and the seeds, by track, of the people they were taken for.

        patches: each subject's clearest, by track. Raises ModelError.
        """
        with self._lock:
            seeds = {track: self._seed(own[0]) for track, own in patches.items() if own}
            everyone = [replace(patch, seed=seeds[track]) for track, own in patches.items() for patch in own]
            cast = self._cast[kind] = self._cast.get(kind, method).cast(everyone)
        return cast, seeds

    def _seed(self, patch: Patch) -> int:
        """Return the seed of whoever a patch shows; a stranger keeps the patch's own."""
        seen = _look(patch)
        if seen is None:
            return patch.seed
        apart = {seed: min(distance(seen, known) for known in looks) for seed, looks in self._people.items()}
        nearest = min(apart, key=lambda seed: apart[seed], default=patch.seed)
        if apart.get(nearest, np.inf) >= _ONE_PERSON:
            # Told from the first look and the subject's own seed, so that the order of the pictures has little say.
            told = hashlib.sha256(f"{patch.seed}".encode() + seen.tobytes()).digest()
            nearest = int.from_bytes(told[:8], "big") >> 1
        looks = self._people.setdefault(nearest, [])
        if len(looks) < _LOOKS:
            looks.append(seen)
        return nearest


def _look(patch: Patch) -> Embedding | None:
    if patch.mesh is None:
        return None
    seen = look(region_of(patch.mesh), patch.pixels)
    return None if seen is None else seen.embedding
