"""Photos without people, cut into squares, and the holes that a network learns to fill in them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.errors import UsageError
from visard.methods.background import SIDE, inputs
from visard.types import Pixels

Floats = NDArray[np.float32]

PACK = "scenes_train.tar"
"""In the development data, scenes without people."""

_APART = 10
"""Every so manieth photo, by name, is kept for judging."""

_LARGEST = 0.7
"""Side of the largest hole, in sides of the square."""

KEPT = 192
"""Side in pixels of the squares that are kept of photos: twice what the network sees, or a part of it at full size."""

_LIGHT = 0.2
"""By what share a square may be brighter or darker."""

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class Hole(NamedTuple):
    """inputs: (7, S, S), as the network sees them; target: (3, S, S), -1 to 1; hidden: (1, S, S), 1 in the hole."""

    inputs: Floats
    target: Floats
    hidden: Floats


class Holes:
    """An endless row of scenes with holes, each a function of its number alone; squares: (N, K, K, 3) uint8."""

    def __init__(self, squares: Pixels, seed: int = 0) -> None:
        self.squares, self._seed = squares, seed

    def __getitem__(self, number: int) -> Hole:
        """Return the hole of that number."""
        rng = np.random.default_rng((self._seed, number))
        square = self.squares[rng.integers(len(self.squares))]
        if rng.random() < 0.5:
            square = square[:, ::-1]
        colour = _varied(square, rng)
        hidden = drawn(rng)
        known = 1 - hidden
        target = (colour / 127.5 - 1).transpose(2, 0, 1)
        seen = inputs(colour * known[..., None], known)
        return Hole(seen, np.ascontiguousarray(target, np.float32), hidden[None])


def _varied(square: Pixels, rng: np.random.Generator) -> Floats:
    """Return (S, S, 3) a part of a square, the smaller the nearer, in another light: few photos have to do for all."""
    side = int(rng.integers(SIDE, KEPT + 1))
    y, x = rng.integers(0, KEPT - side + 1, 2)
    light = rng.uniform(1 - _LIGHT, 1 + _LIGHT) * rng.uniform(1 - _LIGHT / 4, 1 + _LIGHT / 4, 3)
    colour = cv2.resize(square[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(np.minimum(colour * light.astype(np.float32), 255), np.float32)


def drawn(rng: np.random.Generator) -> Floats:
    """Return (S, S), 1 in a hole: a box, an oval, or somebody's outline, roughly."""
    hidden = np.zeros((SIDE, SIDE), np.uint8)
    height = int(SIDE * rng.uniform(0.15, _LARGEST))
    width = int(height * rng.uniform(0.3, 1.0))
    x, y = int(rng.integers(0, SIDE - width + 1)), int(rng.integers(0, SIDE - height + 1))
    middle, half = (x + width // 2, y + height // 2), (width // 2, height // 2)
    kind = rng.integers(3)
    if kind == 0:
        hidden[y : y + height, x : x + width] = 1
    elif kind == 1:
        cv2.ellipse(hidden, middle, half, float(rng.uniform(-30, 30)), 0, 360, (1.0,), -1)
    else:
        head = max(2, height // 7)
        cv2.circle(hidden, (middle[0], y + head), head, (1.0,), -1)
        cv2.ellipse(hidden, (middle[0], y + height // 2), (max(2, width // 3), height // 3), 0, 0, 360, (1.0,), -1)
        for side in (-1, 1):
            foot = middle[0] + side * max(1, width // 4), y + height - 1
            cv2.line(hidden, (middle[0], y + height // 2), foot, (1.0,), max(2, width // 5))
    return hidden.astype(np.float32)


def gather(data: Path, held: bool = False) -> Pixels:
    """Return squares (N, K, K, 3) of photos in a folder, or of the development data's scenes.

    held: those that are kept for judging instead. Raises UsageError where there are none.
    """
    squares = [square for photo, square in _photos(data) if (_number(photo) % _APART == 0) == held]
    if not squares:
        raise UsageError("no photo of a scene is there", where=data, hint="give --data photos without people")
    return np.stack(squares)


def _number(photo: str) -> int:
    return sum(photo.encode())


def _photos(data: Path) -> Iterator[tuple[str, Pixels]]:
    pack = data / PACK
    if pack.is_file():
        with tarfile.open(pack) as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isfile() else None
                if file is not None:
                    # Crops of one photo share its name up to where they were cut.
                    yield entry.name.rsplit("_", 3)[0], _square(BytesIO(file.read()))
        return
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in _SUFFIXES:
            yield path.stem, _square(path)


def _square(file: Path | BytesIO) -> Pixels:
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB"))
    side = min(pixels.shape[:2])
    y, x = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = np.ascontiguousarray(pixels[y : y + side, x : x + side])
    how = cv2.INTER_AREA if side > KEPT else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (KEPT, KEPT), interpolation=how), np.uint8)
