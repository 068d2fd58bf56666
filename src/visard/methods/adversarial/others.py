"""Other people: whom a perturbation aims at, and among whom the person's place is set."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visard.detect import find_faces
from visard.errors import UsageError
from visard.media.read import probe, read
from visard.methods.donors import bank, frontal
from visard.shape.landmarks import five_points
from visard.types import Pixels, Points

if TYPE_CHECKING:
    from torch import Tensor

STRANGERS = 32
"""Faces of the bank that stand for other people where no photos are given; each is an average of at least eight."""

_AROUND = 0.7
"""By how much of its box a face's surroundings reach beyond it."""

_PHOTOS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}


def check_target(target: object) -> None:
    """Raise UsageError unless target is empty, or the path of a photo or of a folder of photos."""
    if not isinstance(target, str):
        raise UsageError(f"target is {target!r}", hint="give the path of a photo, or of a folder of photos, in quotes")
    if target:
        _photos(target)


@lru_cache(maxsize=8)
def vectors(network: str, target: str = "") -> Tensor:
    """Return (N, D) vectors of length 1 that a white box has of other people: those in photos, or the bank's.

    Raises UsageError where no photo shows anybody, SourceError, ModelError.
    """
    import visard.nets.scene as scenes
    from visard.nets.whitebox import white_box

    faces = [_portrait(photo) for photo in _photos(target)] if target else [_stranger(i) for i in range(STRANGERS)]
    return scenes.portraits(white_box(network), [face for face in faces if face is not None])


def _photos(target: str) -> list[Path]:
    path = Path(target)
    photos = [file for file in sorted(path.glob("*")) if file.suffix.lower() in _PHOTOS] if path.is_dir() else [path]
    if not photos or not photos[0].is_file():
        what = "no photo of anybody to aim at" if path.is_dir() else f"target '{target}' is no file"
        raise UsageError(what, where=target if path.is_dir() else "", hint="give photos of other people, one in each")
    return photos


def _portrait(photo: Path) -> tuple[Pixels, Points]:
    """Return the largest face of a photo with some surroundings, and its five points there."""
    pixels = next(iter(read(probe(photo)))).pixels
    found = sorted(find_faces(pixels), key=lambda face: face.box.area, reverse=True)
    if not found or found[0].points is None:
        raise UsageError("nobody to aim at", where=photo, hint="give a clear photo of one person")
    cells = found[0].box.grow(_AROUND).cells(*pixels.shape[:2])
    return pixels[cells], found[0].points - np.array([cells[1].start, cells[0].start], np.float32)


def _stranger(number: int) -> tuple[Pixels, Points]:
    donors = bank()
    donor = number * len(donors) // STRANGERS
    view, vertices = frontal(donors.texture(donor), donors.build(donors.shapes[donor]))
    return view, five_points(vertices)
