"""The first pass of methods that hide people in groups: one face of every picture, and who they all are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from visard.errors import SourceError, UsageError, VisardError, as_failure
from visard.flow import side_by_side
from visard.found import Found, find
from visard.media.read import probe, read
from visard.methods import make
from visard.methods.groups import digest
from visard.policy import Policy
from visard.shape.align import cut
from visard.shape.identity import Embedding, distance, look
from visard.shape.square import align, alignment
from visard.types import Deidentifier, Frame, Kind, Patch, Prepared

ONE_PERSON = 0.45
"""Distance of dlib's embeddings below which two pictures are taken to show one person; far below its 0.6, because
among hundreds of people some pair always looks alike."""


class Entry(NamedTuple):
    """A picture of the gallery: its name, what was found in it, its aligned face and who that is."""

    name: str
    found: Found
    patch: Patch
    who: Embedding


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """What the first pass came to.

    methods: made ready for these people. found: by picture's name. faults: pictures that cannot take
    part. sha256: of all aligned faces; notes: what a reader of the report must know.
    """

    methods: Mapping[Kind, Deidentifier] = field(default_factory=dict)
    found: Mapping[str, Found] = field(default_factory=dict)
    faults: Mapping[str, VisardError] = field(default_factory=dict)
    sha256: str = ""
    notes: Sequence[str] = ()


def gather(
    sources: Iterable[tuple[str, Path]],
    policy: Policy,
    known: Mapping[str, Found] | None = None,
    seen: Callable[[str], None] = lambda name: None,
) -> Gallery:
    """Return the gallery of pictures (name, file), each of one person; empty where no method needs one.

    known: regions by picture's name; others are looked at. seen: called with the name of each picture done.
    Raises UsageError for too few people, and for two pictures of one person, naming both.
    """
    method = make(policy.rules["face"].method, policy.rules["face"].settings) if "face" in policy.rules else None
    if not isinstance(method, Prepared):
        return Gallery()
    faults: dict[str, VisardError] = {}
    size = method.size or 0

    def enter(source: tuple[str, Path]) -> Entry | None:
        name, file = source
        try:
            return _enter(name, file, policy, size, known)
        except (VisardError, OSError, MemoryError) as error:
            faults[name] = as_failure(error, file)
        finally:
            seen(name)
        return None

    entries = [entry for entry in side_by_side(enter, sources) if entry is not None]
    _refuse_same_person(entries)
    folders = [PurePosixPath(entry.name).parent.as_posix() for entry in entries]
    try:
        prepared = method.prepare([entry.patch for entry in entries], folders)
    except UsageError as error:
        raise UsageError(error.what + _left_out(faults), where=error.where, hint=error.hint) from error
    sha256 = hashlib.sha256("".join(sorted(digest(entry.patch) for entry in entries)).encode()).hexdigest()
    found = {entry.name: entry.found for entry in entries}
    return Gallery({"face": prepared}, found, faults, sha256, _notes(len(entries)))


def _enter(name: str, file: Path, policy: Policy, size: int, known: Mapping[str, Found] | None) -> Entry:
    original = probe(file)
    if original.media != "picture" or original.frames != 1:
        raise SourceError("not a single picture", where=file, hint="people in groups have one picture each")
    frame = next(iter(read(original)))

    def frames() -> Iterator[Frame]:
        return iter([frame])

    found = (known or {}).get(name) or find(original, frames, policy, lambda index: None)
    faces = [region for region in found.all() if region.hide]
    if len(faces) != 1:
        raise SourceError(f"shows {len(faces) or 'no'} faces", where=file, hint="people in groups need one face each")
    (face,) = faces
    window = cut(frame, face, policy.rules["face"], policy.disguise(face.kind, face.track))
    who = look(face, frame.pixels)
    if window is None or who is None:
        raise SourceError("its face is too small to tell who it is", where=file, hint="give a larger picture")
    return Entry(name, found, align(window, alignment(window, size), size), who.embedding)


def _refuse_same_person(entries: Sequence[Entry]) -> None:
    """Raise UsageError for two pictures of one person: k-Same's bound does not hold for them."""
    for one, other in combinations(entries, 2):
        if distance(one.who, other.who) < ONE_PERSON:
            raise UsageError(
                f"{one.name} and {other.name} seem to show one person", hint="keep one picture of a person"
            )


def _left_out(faults: Mapping[str, VisardError]) -> str:
    if not faults:
        return ""
    first = faults[min(faults)]
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f", without {first.where} ({first.what}){more}"


def _notes(people: int) -> list[str]:
    return [
        f"{people} people in groups; a second release of any of them, in other groups, can be intersected with this"
    ]
