"""Pictures of people to measure on: folders, or a tar, of one folder a person."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from visard.errors import SourceError, UsageError
from visard.types import Pixels

Fold = Literal["tune", "judge", "all"]

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
    albums: dict[str, list[str]] = {}
    try:
        for name in sorted(_names(data)):
            albums.setdefault(PurePosixPath(name).parent.as_posix(), []).append(name)
        full = {person: names[:pictures] for person, names in albums.items() if len(names) >= pictures}
        chosen = _fold(sorted(albums, key=_digest), fold)
        chosen = [person for person in chosen if person in full][:people]
        if len(chosen) < people:
            what = f"{len(chosen)} people of the fold {fold!r} have {pictures} pictures, {people} are asked for"
            raise UsageError(what, where=data, hint="ask for fewer people or pictures")
        wanted = {name: person for person in chosen for name in full[person]}
        read = {name: _decode(content, name) for name, content in _contents(data, set(wanted))}
    except (OSError, tarfile.TarError) as error:
        raise SourceError(f"cannot be read: {error}", where=data, hint="give a tar or a folder of folders") from error
    return [Picture(person, name, read[name]) for name, person in wanted.items()]


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
