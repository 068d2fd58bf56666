"""Spare or single out people by photo; when in doubt, hide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from visard.detect import find_faces
from visard.errors import UsageError
from visard.kinship import seen_twice
from visard.media.read import probe, read
from visard.shape.identity import SAME_PERSON, Embedding, distance, look
from visard.types import Frame, Kind, Region

Regions = Mapping[int, tuple[Region, ...]]

_SURELY_SAME = 0.45
"""Distance at which a person may be shown: far below dlib's threshold, because a mistake cannot be undone."""

_PERHAPS_SAME = SAME_PERSON + 0.05
"""Distance up to which a person is hidden when only some are to be: a mistake hides one too many."""

_LOOKS = 3
"""How many frames of a track are looked at."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is spared and who is singled out; both empty means everyone is hidden."""

    keep: tuple[Embedding, ...] = ()
    only: tuple[Embedding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keep or self.only)

    def hides(self, looks: Sequence[Embedding]) -> bool:
        """Return whether the person seen in these looks is hidden; without a look, yes."""
        if not looks:
            return True
        if self.only and not any(_near(look, self.only) <= _PERHAPS_SAME for look in looks):
            return False
        return not (self.keep and all(_near(look, self.keep) <= _SURELY_SAME for look in looks))


def load_people(keep: Iterable[Path] = (), only: Iterable[Path] = ()) -> People:
    """Return the people in the photos: the largest face of each. Raises UsageError for a photo without one."""
    return People(tuple(map(_portrait, keep)), tuple(map(_portrait, only)))


def refuse_unknowable(people: People, kinds: Collection[Kind]) -> None:
    """Raise UsageError where people are to be told apart by photo, and no faces are looked for."""
    if people and "face" not in kinds:
        raise UsageError("people are known by their faces, which are not hidden here", hint="add faces to --hide")


def select(frames: Callable[[], Iterator[Frame]], regions: Regions, people: People) -> dict[int, tuple[Region, ...]]:
    """Return the regions with `hide` set for each track by who it shows, judged by its clearest looks.

    Boxes that show others once more are spared: those whom they show have boxes of their own, which decide.
    """
    wanted = clearest(regions)
    looks: dict[int, list[Embedding]] = defaultdict(list)
    for frame in frames() if wanted else ():
        for region in wanted.get(frame.index, ()):
            if seen := look(region, frame.pixels):
                looks[region.track].append(seen.embedding)
    tracks = {r.track for found in regions.values() for r in found}
    again = seen_twice(regions)
    hidden = {track: track not in again and people.hides(looks[track]) for track in tracks}
    return {
        index: tuple(replace(r, hide=r.hide and hidden[r.track]) for r in found) for index, found in regions.items()
    }


def _near(look: Embedding, group: Sequence[Embedding]) -> float:
    return min(distance(look, one) for one in group)


def clearest(regions: Regions) -> dict[int, list[Region]]:
    """Return frame index -> regions in which some track is seen best: `_LOOKS` for each track, at most."""
    tracks: dict[int, list[tuple[float, int, Region]]] = defaultdict(list)
    for index, found in regions.items():
        for region in (r for r in found if r.kind == "face"):
            tracks[region.track].append((region.score * region.box.side, index, region))
    wanted: dict[int, list[Region]] = defaultdict(list)
    for seen in tracks.values():
        for _, index, region in sorted(seen, key=lambda s: s[:2], reverse=True)[:_LOOKS]:
            wanted[index].append(region)
    return wanted


def _portrait(photo: Path) -> Embedding:
    frame = next(iter(read(probe(photo))))
    faces = sorted(find_faces(frame.pixels), key=lambda face: face.box.area, reverse=True)
    seen = look(faces[0], frame.pixels) if faces else None
    if seen is None:
        raise UsageError("no face to compare with", where=photo, hint="give a clear photo of one person")
    return seen.embedding
