"""Rooms 2 and 3 over a whole source: what is in it, and which of it is one subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from visard.detect import CutFinder, Motion, figure, find_joints, find_kinds, rest
from visard.detect.search import Effort
from visard.errors import UsageError
from visard.flow import ahead, side_by_side
from visard.kinship import joined
from visard.media.read import Source
from visard.models.runtimes import copies
from visard.outlining import completed, framed
from visard.policy import WORDS, Policy
from visard.roster import POSED
from visard.track import Sighting, track
from visard.types import Frame, Kind, Region

KEY_SECONDS = 0.8
"""A video is searched finely, for small and turned faces, this often and after every cut."""

LOOK_SECONDS = 1 / 15
"""A video is searched for large faces this often where anything moves; in between they are followed from both sides."""

SECOND_SECONDS = 0.2
"""So often it is searched in any case, and another network looks for people in it, too: whom only that sees is followed
over longer gaps."""

WEAK = 0.5
"""Detections from this share of the minimum score on may carry a track on, though not start one."""

_STRETCH = 100
"""Frames, some four seconds, in which a recogniser looks at each subject once."""

_OUTLINED: frozenset[Kind] = frozenset({"person", "head"})
"""Kinds that are told from the background in every frame."""

JITTER = 0.001
"""Frame times are rounded to the container's clock."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: frame index -> regions, each with its track."""

    regions: Mapping[int, tuple[Region, ...]]

    def at(self, index: int) -> tuple[Region, ...]:
        """Return the regions of one frame."""
        return self.regions.get(index, ())

    def all(self) -> Iterator[Region]:
        """Return every region of every frame."""
        return (region for found in self.regions.values() for region in found)

    def clearest(self) -> frozenset[tuple[int, int]]:
        """Return (frame index, track) of each subject's clearest region in every stretch of `_STRETCH` frames."""
        best: dict[tuple[Kind, int, int], tuple[float, int]] = {}
        for index, regions in self.regions.items():
            for region in regions:
                key = region.kind, region.track, index // _STRETCH
                best[key] = max(best.get(key, (0.0, index)), (region.score * region.box.side, index))
        return frozenset((index, track) for (_, track, _), (_, index) in best.items())

    def add(self, missed: Sequence[Sighting], still: bool) -> Found:
        """Return what was found together with what was missed, followed through the neighbouring frames."""
        last = max((r.track for r in self.all()), default=0)
        regions = dict(self.regions)
        for index, found in track(missed, min_score=0.0, still=still).items():
            extra = tuple(replace(r, track=r.track + last) for r in found)
            regions[index] = (*self.at(index), *extra)
        return Found(regions)


def find(source: Source, frames: Callable[[], Iterator[Frame]], policy: Policy, seen: Callable[[int], None]) -> Found:
    """Return what `follow` does; people and heads have their outlines, where they can be told. Raises ModelError."""
    return outlined(frames, follow(source, frames, policy, seen), source.still, policy)


def follow(source: Source, frames: Callable[[], Iterator[Frame]], policy: Policy, seen: Callable[[int], None]) -> Found:
    """Return every region of the policy's kinds in a source, followed through time; one subject, one number.

    seen: called with each frame's index. Raises ModelError.
    """
    sure = {kind: rule.min_score for kind, rule in policy.rules.items()}
    sightings = list(_look(source, frames, {kind: score * WEAK for kind, score in sure.items()}, seen))
    if not source.still:
        rest()
    followed = [track([_only(sight, kind) for sight in sightings], score, source.still) for kind, score in sure.items()]
    return Found(joined(followed))


def _only(sight: Sighting, kind: Kind) -> Sighting:
    return replace(sight, regions=tuple(r for r in sight.regions if r.kind == kind))


def outlined(frames: Callable[[], Iterator[Frame]], found: Found, still: bool, policy: Policy) -> Found:
    """Return what was found, people and heads with their outlines, where these are not known; raises ModelError.

    People whom the policy's method draws by their joints have these, too, where they can be told.
    """
    posed = {kind for kind, rule in policy.rules.items() if kind == "person" and rule.method in POSED}
    if not any(_bare(r) for r in found.all()):
        return found
    wide = framed(found.regions)

    def outline(frame: Frame) -> tuple[int, tuple[Region, ...]]:
        own = found.at(frame.index)
        heads = [r for r in own if r.kind == "head"]

        def told(region: Region) -> Region:
            seen = wide[frame.index, region.kind, region.track]
            drawn = figure(frame.pixels, region, [h for h in heads if h is not region], seen)
            points = find_joints(frame.pixels, seen) if region.kind in posed else region.points
            return replace(region, outline=drawn, points=points)

        return frame.index, tuple(told(r) if _bare(r) else r for r in own)

    with many(still):
        told = dict(found.regions) | dict(side_by_side(outline, frames() if still else ahead(frames())))
    return Found(completed(told, wide, found.regions))


def many(still: bool) -> AbstractContextManager[None]:
    """Give each of two threads a copy of the networks that a video is shown to; a picture has but one frame."""
    return nullcontext() if still else copies(2)


def _bare(region: Region) -> bool:
    return region.kind in _OUTLINED and region.outline is None


def refuse_misplaced(given: Found, source: Source, policy: Policy) -> None:
    """Raise UsageError where regions that were given are of kinds that are not hidden, or in frames that are not there.

    They would be left out, and whoever they should cover be left bare.
    """
    others = sorted({region.kind for region in given.all()} - set(policy.rules))
    if others:
        words = ",".join(word for word, kind in WORDS.items() if kind in {*policy.rules, *others})
        raise UsageError(f"the regions hold a {others[0]}", where=source.path, hint=f"give --hide {words}")
    last = max(given.regions, default=0)
    if min(given.regions, default=0) < 0 or (source.media == "picture" and last >= (source.frames or 1)):
        hint = "the first frame is 0"
        raise UsageError("the regions name a frame that it does not have", where=source.path, hint=hint)


def refuse_unfound(policy: Policy) -> None:
    """Raise UsageError where a policy names a kind that is not found in live pictures."""
    unknown = [kind for kind in policy.rules if kind != "face"]
    if unknown:
        raise UsageError(f"nothing finds {unknown[0]!r} live yet", hint="leave it out; faces are found")


@dataclass(frozen=True, slots=True)
class _Stride:
    """A frame that is searched, and those before it that are not; second: by another network, too."""

    before: tuple[Sighting, ...]
    frame: Frame
    cut: bool
    effort: Effort
    second: bool


def _look(
    source: Source, frames: Callable[[], Iterator[Frame]], min_scores: Mapping[Kind, float], seen: Callable[[int], None]
) -> Iterator[Sighting]:
    def search(stride: _Stride) -> tuple[Sighting, ...]:
        frame = stride.frame
        regions = find_kinds(frame.pixels, min_scores, stride.effort, stride.second)
        return (*stride.before, Sighting(frame.index, frame.time, tuple(regions), stride.cut))

    with many(source.still):
        for sightings in side_by_side(search, _strides(source, frames)):
            for sighting in sightings:
                yield sighting
                seen(sighting.index)


def _strides(source: Source, frames: Callable[[], Iterator[Frame]]) -> Iterator[_Stride]:
    """Yield every frame that is searched, and how; the last one is, so that whoever is there is followed to the end."""
    is_cut, moves, next_key, next_look, next_second = CutFinder(), Motion(), 0.0, 0.0, 0.0
    before: list[Sighting] = []
    waiting: Frame | None = None
    for frame in frames() if source.still else ahead(frames()):
        cut = not source.still and is_cut(frame.pixels)
        key = source.still or cut or frame.time >= next_key
        second = key or frame.time >= next_second
        moved = not source.still and moves(frame.pixels)
        due = frame.time >= next_look and (moved or second)
        if waiting:
            before.append(Sighting(waiting.index, waiting.time, ()))
        waiting = frame
        if key or due:
            yield _Stride(tuple(before), frame, cut, "fine" if source.still else "key" if key else "coarse", second)
            moves.looked()
            waiting, before = None, []
            next_second = frame.time + SECOND_SECONDS - JITTER if second else next_second
            next_look = frame.time + LOOK_SECONDS - JITTER
            next_key = frame.time + KEY_SECONDS - JITTER if key else next_key
    if waiting:
        yield _Stride(tuple(before), waiting, False, "coarse", True)
