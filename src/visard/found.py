"""Rooms 2 and 3 over a whole source: what is in it, and which of it is one subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from visard.detect import CutFinder, find_faces, rest
from visard.errors import UsageError
from visard.flow import ahead
from visard.media.read import Source
from visard.policy import Policy
from visard.track import Sighting, track
from visard.types import Frame, Region

KEY_SECONDS = 0.8
"""A video is searched finely, for small and turned faces, this often and after every cut."""

LOOK_SECONDS = 1 / 15
"""A video is searched for large faces this often; in between faces are followed from both sides."""

WEAK = 0.5
"""Detections from this share of the minimum score on may carry a track on, though not start one."""

_STRETCH = 100
"""Frames, some four seconds, in which a recogniser looks at each subject once."""

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
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for index, regions in self.regions.items():
            for region in regions:
                key = region.track, index // _STRETCH
                best[key] = max(best.get(key, (0.0, index)), (region.score * region.box.side, index))
        return frozenset((index, track) for (track, _), (_, index) in best.items())

    def add(self, missed: Sequence[Sighting], still: bool) -> Found:
        """Return what was found together with what was missed, followed through the neighbouring frames."""
        last = max((r.track for r in self.all()), default=0)
        regions = dict(self.regions)
        for index, found in track(missed, min_score=0.0, still=still).items():
            extra = tuple(replace(r, track=r.track + last) for r in found)
            regions[index] = (*self.at(index), *extra)
        return Found(regions)


def find(source: Source, frames: Callable[[], Iterator[Frame]], policy: Policy, seen: Callable[[int], None]) -> Found:
    """Return every region of the policy's kinds in a source, followed through time.

    seen: called with each frame's index. Raises UsageError for kinds that no detector finds.
    """
    refuse_unfound(policy)
    min_score = policy.rules["face"].min_score
    sightings = list(_look(source, frames, min_score * WEAK, seen))
    if not source.still:
        rest()
    return Found(track(sightings, min_score=min_score, still=source.still))


def refuse_unfound(policy: Policy) -> None:
    """Raise UsageError where a policy names a kind that no detector finds."""
    unknown = [kind for kind in policy.rules if kind != "face"]
    if unknown:
        raise UsageError(f"nothing finds {unknown[0]!r} yet", hint="leave it out; faces are found")


def _look(
    source: Source, frames: Callable[[], Iterator[Frame]], min_score: float, seen: Callable[[int], None]
) -> Iterator[Sighting]:
    is_cut, next_key, next_look = CutFinder(), 0.0, 0.0
    for frame in frames() if source.still else ahead(frames()):
        cut = not source.still and is_cut(frame.pixels)
        key = cut or frame.time >= next_key
        regions: list[Region] = []
        if source.still or key or frame.time >= next_look:
            regions = find_faces(frame.pixels, min_score, "fine" if source.still else "key" if key else "coarse")
            next_look = frame.time + LOOK_SECONDS - JITTER
            next_key = frame.time + KEY_SECONDS - JITTER if key else next_key
        yield Sighting(frame.index, frame.time, tuple(regions), cut)
        seen(frame.index)
