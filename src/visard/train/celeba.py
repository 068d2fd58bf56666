"""CelebA as it is published: a folder of aligned photos, and text files that say who and what each shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from visard.errors import UsageError
from visard.train.faces import Photo, around
from visard.types import Points

IDENTITIES, ATTRIBUTES, LANDMARKS = "identity_CelebA.txt", "list_attr_celeba.txt", "list_landmarks_align_celeba.txt"
_PHOTOS = "img_align_celeba"

_PEOPLE, _EACH = 1200, 30
"""CIAGAN's split: people with at least so many photos each (Maximov et al. 2020)."""


def is_celeba(data: Path) -> bool:
    """Return whether a folder holds CelebA as published."""
    return (data / IDENTITIES).is_file() and (data / _PHOTOS).is_dir()


def celeba(data: Path, people: int = _PEOPLE, each: int = _EACH) -> tuple[Iterator[Photo], int]:
    """Return the photos of the first people, by number, who have that many, and how many photos there are.

    Raises UsageError where a text file is absent or cannot be understood, or nobody has so many photos.
    """
    who = {name: values[0] for name, values in _table(data / IDENTITIES)}
    photos = Counter(who.values())
    chosen = set(sorted((p for p, n in photos.items() if n >= each), key=int)[:people])
    if not chosen:
        raise UsageError(f"nobody has {each} photos", where=data / IDENTITIES, hint="give the whole of CelebA")
    names = [name for name in sorted(who) if who[name] in chosen]
    places = {name: _points(values, data / LANDMARKS) for name, values in _table(data / LANDMARKS, header=2)}
    missing = next((name for name in names if name not in places or not (data / _PHOTOS / name).is_file()), None)
    if missing is not None:
        raise UsageError(f"{missing} is missing, or its landmarks are", where=data, hint="unpack CelebA again")

    def read() -> Iterator[Photo]:
        for name in names:
            with Image.open(data / _PHOTOS / name) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            yield Photo(who[name], name, pixels, around(places[name]))

    return read(), len(names)


def attributes(data: Path) -> dict[str, dict[str, bool]]:
    """Return file name -> attribute -> whether it is there, of `list_attr_celeba.txt`; raises UsageError."""
    file = data / ATTRIBUTES
    lines = list(_lines(file))
    names = lines[1].split() if len(lines) > 1 else []
    table = {name: dict(zip(names, (v == "1" for v in values), strict=True)) for name, values in _table(file, header=2)}
    return table


def _table(file: Path, header: int = 0) -> Iterator[tuple[str, list[str]]]:
    for line in _lines(file)[header:]:
        name, *values = line.split()
        if not values:
            raise UsageError(f"cannot be understood: {line[:40]!r}", where=file, hint="unpack CelebA again")
        yield name, values


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=file, hint="unpack CelebA again") from error


def _points(values: list[str], file: Path) -> Points:
    try:
        return np.array(values, np.float32).reshape(5, 2)
    except ValueError as error:
        raise UsageError(f"cannot be understood: {error}", where=file, hint="unpack CelebA again") from error
