"""Spare or single out people by photo; when in doubt, hide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from visard.detect import find_faces
from visard.errors import UsageError
from visard.kinship import OF_A_SUBJECT, seen_twice
from visard.media.read import probe, read
from visard.shape.identity import SAME_PERSON, Embedding, distance, look
from visard.types import Frame, Kind, Region

Regions = Mapping[int, tuple[Region, ...]]

_SURELY_SAME = 0.45
"""Distance at which a person may be shown: far below dlib's threshold, because a mistake cannot be undone."""

_PERHAPS_SAME = SAME_PERSON + 0.05
"""Distance up to which a person is hidden when only some are to be: a mistake hides one too many."""

_NEARER = 0.15
"""By how much somebody else in the same frames must be more like a photo, so that this one is not who it shows. In 30
group photos a third of all others are near enough to be somebody, in blur and half turned away. Of 3,600 pairs of LFW,
each beside 15 strangers, 0.5 % are missed, with or without it."""

_LOOKS = 3
"""How many frames of a track are looked at."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is spared and who is singled out; both empty means everyone is hidden."""

    keep: tuple[Embedding, ...] = ()
    only: tuple[Embedding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keep or self.only)

    def hides(self, looks: Sequence[Embedding], beside: Sequence[Embedding] = ()) -> bool:
        """Return whether the person seen in these looks is hidden; without a look, yes.

        beside: looks of others in the same frames. Who is singled out is there but once, unless in a mirror.
        """
        if not looks:
            return True
        if self.only and not any(_perhaps(one, looks, beside) for one in self.only):
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

    Boxes that show others once more are spared: those whom they show have boxes of their own, which decide. Of whom
    there is no look is hidden, unless whoever is singled out is surely seen apart from them.
    """
    wanted = clearest(regions)
    looks: dict[int, list[Embedding]] = defaultdict(list)
    for frame in frames() if wanted else ():
        for region in wanted.get(frame.index, ()):
            if seen := look(region, frame.pixels):
                looks[region.track].append(seen.embedding)
    tracks = {r.track for found in regions.values() for r in found}
    beside = _companions(regions)
    hidden = {
        track: people.hides(looks[track], [own for other in beside[track] for own in looks[other]]) for track in tracks
    } | dict.fromkeys(seen_twice(regions) | _apart(regions, looks, people.only), False)
    return {
        index: tuple(replace(r, hide=r.hide and hidden[r.track]) for r in found) for index, found in regions.items()
    }


def _companions(regions: Regions) -> dict[int, set[int]]:
    """Return, by track, the other ones in the same frames."""
    beside: dict[int, set[int]] = defaultdict(set)
    for found in regions.values():
        here = {r.track for r in found}
        for track in here:
            beside[track] |= here - {track}
    return beside


def _apart(regions: Regions, looks: Mapping[int, Sequence[Embedding]], only: Sequence[Embedding]) -> frozenset[int]:
    """Return the people without a look, in all of whose frames all who are singled out are surely seen beside them."""
    sure = [{t for t, own in looks.items() if any(distance(look, one) <= _SURELY_SAME for look in own)} for one in only]
    others: dict[int, bool] = {}
    for found in regions.values() if only else ():
        meant = [[r.box for r in found if r.track in tracks] for tracks in sure]
        for region in found:
            if region.kind in OF_A_SUBJECT and not looks.get(region.track):
                apart = all(meant) and not any(region.box.overlap(box) for boxes in meant for box in boxes)
                others[region.track] = others.get(region.track, True) and apart
    return frozenset(track for track, apart in others.items() if apart)


def _perhaps(one: Embedding, looks: Sequence[Embedding], beside: Sequence[Embedding]) -> bool:
    """Return whether looks may be of the person in a photo, beside whom others are seen."""
    nearest = _near(one, beside) if beside else _PERHAPS_SAME
    return _near(one, looks) <= max(_SURELY_SAME, min(_PERHAPS_SAME, nearest + _NEARER))


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
