"""Pictures of people to measure on: folders, or a tar, of one folder a person."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from visard.errors import SourceError, UsageError
from visard.types import Pixels

Fold = Literal["tune", "judge", "all"]

Albums = dict[str, list[str]]
"""Person -> the names of their pictures below the data."""

_LEAST, _MOST, _FEW = 10, 60, 2
"""People from whom a network can learn what holds for others, from how many it learns at most, and pictures of each."""

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a person; name: its path below the data."""

    person: str
    name: str
    pixels: Pixels


def load(data: Path, people: int, pictures: int, fold: Fold = "all") -> list[Picture]:
    """Return the first pictures, by name, of the first people of a fold who have that many.

    People are sorted by the sha256 of their name; the first half of them is for tuning, the second for judging, so
    that nobody tunes on those who judge. Raises SourceError for data that cannot be read, UsageError where there
    are too few people or pictures.
    """
    if people < 2 or pictures < 2:
        raise UsageError(f"{people} people with {pictures} pictures", hint="2 people with 2 pictures are the least")
    chosen, _ = _chosen(data, people, pictures, fold)
    if len(chosen) < people:
        what = f"{len(chosen)} people of the fold {fold!r} have {pictures} pictures, {people} are asked for"
        raise UsageError(what, where=data, hint="ask for fewer people or pictures")
    return _read(data, chosen)


def others(data: Path, people: int, pictures: int, fold: Fold) -> list[Picture]:
    """Return pictures of 60 people of the fold, at most, whom `load` does not give for the same words.

    Each has two pictures at most: more people teach more. Raises SourceError, UsageError for fewer than 10 people.
    """
    _, left = _chosen(data, people, pictures, fold)
    rest = {person: names[:_FEW] for person, names in list(left.items())[:_MOST]}
    if len(rest) < _LEAST:
        what = f"{len(rest)} further people are left to learn from, {_LEAST} are needed"
        raise UsageError(what, where=data, hint="ask for fewer people")
    return _read(data, rest)


def _chosen(data: Path, people: int, pictures: int, fold: Fold) -> tuple[Albums, Albums]:
    """Return the pictures of the people who are asked for, and those of the rest of the fold, by person."""
    with _reported(data):
        albums: Albums = {}
        for name in sorted(_names(data)):
            albums.setdefault(PurePosixPath(name).parent.as_posix(), []).append(name)
    mine = _fold(sorted(albums, key=_digest), fold)
    full = [person for person in mine if len(albums[person]) >= pictures][:people]
    return (
        {person: albums[person][:pictures] for person in full},
        {person: albums[person][:pictures] for person in mine if person not in set(full)},
    )


def _read(data: Path, albums: Albums) -> list[Picture]:
    wanted = {name: person for person, names in albums.items() for name in names}
    with _reported(data):
        read = {name: _decode(content, name) for name, content in _contents(data, set(wanted))}
    return [Picture(person, name, read[name]) for name, person in wanted.items()]


@contextmanager
def _reported(data: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"cannot be read: {reason}", where=data, hint="give a tar or a folder of folders") from error


def _digest(person: str) -> str:
    return hashlib.sha256(person.encode()).hexdigest()


def _fold(people: list[str], fold: Fold) -> list[str]:
    half = len(people) // 2
    return {"tune": people[:half], "judge": people[half:], "all": people}[fold]


def _names(data: Path) -> Iterator[str]:
    if data.is_dir():
        files = [path.relative_to(data).as_posix() for path in data.glob("*/*") if path.is_file()]
    else:
        with tarfile.open(data) as tar:
            files = [member.name for member in tar if member.isfile()]
    yield from (name for name in files if PurePosixPath(name).suffix.lower() in _PICTURES)


def _contents(data: Path, names: set[str]) -> Iterator[tuple[str, bytes]]:
    if data.is_dir():
        yield from ((name, (data / name).read_bytes()) for name in sorted(names))
        return
    with tarfile.open(data) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name in names else None
            if file is not None:
                yield member.name, file.read()


def _decode(content: bytes, name: str) -> Pixels:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"), np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise SourceError(f"cannot be decoded: {error}", where=name, hint="leave it out") from error
