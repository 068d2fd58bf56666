"""Two folders that show the same people, clear and hidden: picture by picture, or one clear line about why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visard.errors import UsageError
from visard.media.read import probe, read
from visard.types import Pixels

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".avif"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture of a person before and after hiding."""

    person: str
    clean: Path
    hidden: Path

    def pixels(self) -> tuple[Pixels, Pixels]:
        """Return both pictures, (H, W, 3) uint8 RGB; raises UsageError if their sizes differ, SourceError."""
        before, after = (next(iter(read(probe(file)))).pixels for file in (self.clean, self.hidden))
        if before.shape != after.shape:
            sizes = " and ".join(f"{p.shape[1]} x {p.shape[0]}" for p in (before, after))
            raise UsageError(
                f"the pictures are {sizes} pixels", where=self.hidden, hint="hide the very file that is compared"
            )
        return before, after


def match(clean: Path, hidden: Path) -> list[Pair]:
    """Return the pictures of two folders, which hold one folder a person, by their names without endings.

    Raises UsageError for folders that are none, that do not hold the same pictures, or that show fewer than two
    people with two pictures.
    """
    before, after = _listed(clean), _listed(hidden)
    for one, other, where in ((before, after, hidden), (after, before, clean)):
        if missing := sorted(one.keys() - other.keys()):
            what = f"{len(missing)} of {len(one)} pictures have no counterpart, such as {missing[0]}"
            raise UsageError(what, where=where, hint="give the folders that went into and came out of `visard hide`")
    pairs = [Pair(PurePosixPath(name).parent.as_posix(), before[name], after[name]) for name in sorted(before)]
    people = [pair.person for pair in pairs]
    if len(set(people)) < 2:
        raise UsageError(f"{len(set(people))} people, at least 2 are needed", where=clean, hint="one folder a person")
    if alone := sorted(person for person in set(people) if people.count(person) < 2):
        what = f"{len(alone)} people have one picture only, such as {alone[0]}"
        raise UsageError(what, where=clean, hint="give at least two pictures of each person")
    return pairs


def _listed(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UsageError("not a folder", where=folder, hint="give a folder that holds one folder a person")
    found: dict[str, Path] = {}
    for file in _pictures(folder):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise UsageError(f"{file.name} and {found[name].name} share a name", where=folder, hint="rename one")
        found[name] = file
    if not found:
        raise UsageError("no pictures in folders of people", where=folder, hint="one folder a person, pictures inside")
    return found


def _pictures(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*/*")):
        if file.is_file() and file.suffix.lower() in _PICTURES and not file.name.startswith("."):
            yield file
