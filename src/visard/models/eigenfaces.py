"""The shipped mean face, eigenfaces and SVDD centre; see weights/eigenfaces.md for what they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError

Floats = NDArray[np.float32]

FILE = Path(__file__).parent / "weights" / "eigenfaces.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Eigenfaces:
    """Faces as a mean and q directions, on an aligned square of side s; values in [0, 1], RGB.

    mean, svdd_centre: (s, s, 3). basis: (q, s, s, 3), orthonormal, by falling variance. variance: (q,).
    """

    mean: Floats
    basis: Floats
    variance: Floats
    svdd_centre: Floats

    @property
    def size(self) -> int:
        """Side of the square in pixels."""
        return int(self.mean.shape[0])

    def coefficients(self, face: Floats) -> Floats:
        """Return c = E^T (x - mean), (q,), of a face (s, s, 3) in [0, 1]."""
        return self._flat @ (face - self.mean).reshape(-1)

    def picture(self, c: Floats) -> Floats:
        """Return x = mean + E c, (s, s, 3), not clipped, of coefficients (q,)."""
        return self.mean + (c @ self._flat).reshape(self.mean.shape)

    @property
    def _flat(self) -> Floats:
        return self.basis.reshape(len(self.basis), -1)


@cache
def eigenfaces() -> Eigenfaces:
    """Return the shipped eigenfaces; raises ModelError where the file is missing or broken."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(str(FILE))
        return Eigenfaces(**{name: tensor.astype(np.float32) for name, tensor in tensors.items()})
    except (OSError, SafetensorError, TypeError) as error:
        raise ModelError(f"cannot be read: {error}", where=FILE.name, hint="install visard again") from error
