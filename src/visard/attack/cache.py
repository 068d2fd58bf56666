"""Arrays that cost much to compute, kept from run to run by the hash of what they were computed from.

Vectors of faces are biometric data. Only measurements on data sets keep them, in the user's cache folder, never in
the project's; an attack on files of your own keeps nothing.
"""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import TargetError
from visard.models import store

Array = NDArray[np.float32]
Keep = Callable[[str, NDArray[Any], Callable[[], Array]], Array]
"""Called with what is computed, from which array, and how; returns the result, computed or remembered."""


def forget(what: str, source: NDArray[Any], compute: Callable[[], Array]) -> Array:
    """Compute, and keep nothing."""
    return compute()


class Cache:
    """A file of arrays; several processes may share it. Raises TargetError where it cannot be written."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or store.folder().parent / "measured.sqlite"
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.execute("pragma journal_mode = wal")  # one writer among readers, and no wait for the disk
                base.execute("create table if not exists kept (key text primary key, value blob)")
        except (OSError, sqlite3.Error) as error:
            hint = "choose another folder with VISARD_MODELS"
            raise TargetError(f"cannot keep what is measured: {error}", where=self.file, hint=hint) from error

    def __call__(self, what: str, source: NDArray[Any], compute: Callable[[], Array]) -> Array:
        """Return what `compute` gives for this source, remembered if it was computed before."""
        head = f"{what} {source.shape} {source.dtype}".encode()
        key = hashlib.sha256(head + np.ascontiguousarray(source).tobytes()).hexdigest()
        with closing(self._open()) as base:
            kept = base.execute("select value from kept where key = ?", (key,)).fetchone()
            if kept is not None:
                return np.asarray(np.load(io.BytesIO(kept[0]), allow_pickle=False), np.float32)
            array = compute()
            packed = io.BytesIO()
            np.save(packed, array, allow_pickle=False)
            with base:
                base.execute("insert or replace into kept values (?, ?)", (key, packed.getvalue()))
            return array

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=60)
        base.execute("pragma synchronous = normal")
        return base
