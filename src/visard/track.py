"""Room 3, FOLLOW: same subject, same number; gaps filled; onset walked back, end held.

Offline: a track is judged with its past and its future in view. When in doubt a box is larger, and there
longer, than it was seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from math import exp, hypot

import numpy as np

from visard.types import Box, Kind, Points, Region

_GAP = 1.0
"""Seconds without a detection after which a track ends."""

HELD = 0.4
"""Seconds by which a track begins before its first and ends after its last detection."""

_GLIMPSE = 0.1
"""Likewise of who was seen once and never again, half over a surer face: hair, a collar, two faces taken for one."""

_SAME = 0.5
"""Overlap (IoU) with a face that was seen from which on one that was not is that face, and hidden already."""

_FADE = 0.2
"""Seconds in which an unseen subject loses its speed: people turn and stop."""

_NEAR = 0.122
"""Seconds within which neighbouring detections smooth each other: three frames at 25 a second."""

_UNSURE: Mapping[Kind, float] = {"person": 2.0, "vehicle": 2.0}
_LEAST_UNSURE, _MOST = 0.5, 0.15
"""By how much of its sides a box between two looks grows for each second to the nearer one, and at most: arms and legs
move faster than whoever they belong to."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was found in one frame. cut: a scene cut precedes it. time: in seconds."""

    index: int
    time: float
    regions: tuple[Region, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Spot:
    place: int  # in the list of frames, which need not be the frame's index
    time: float
    region: Region


@dataclass(slots=True, eq=False)
class _Track:
    spots: list[_Spot] = field(default_factory=list)
    number: int = 0
    part: bool = False  # it began half over a surer face

    @property
    def last(self) -> _Spot:
        return self.spots[-1]

    def predict(self, time: float) -> Box:
        return _moved(self.last, _speed(self.spots[-4:]), time).box


def track(found: Iterable[Sighting], min_score: float = 0.3, still: bool = False) -> dict[int, tuple[Region, ...]]:
    """Return frame index -> regions with their track numbers, which count from 1 in order of appearance.

    Every frame of `found` has an entry. Regions below min_score carry a track on but start none. still: the
    frames are single pictures, each region its own subject. Filled regions have their neighbours' lower
    score and slightly grown boxes; a box is never smaller than its detection.
    """
    tracker = Tracker(min_score, still)
    for sight in found:
        tracker.see(sight)
    return tracker.regions()


class Tracker:
    """Follows subjects as `track` does, sighting by sighting, for those who cannot wait for the last one."""

    def __init__(self, min_score: float = 0.3, still: bool = False) -> None:
        self._min_score, self._still = min_score, still
        self._frames: list[_Place] = []
        self._tracks: list[_Track] = []
        self._open: list[_Track] = []
        self._born = 0

    def see(self, sight: Sighting) -> None:
        """Take in the next frame."""
        frames = self._frames
        place, shot = len(frames), frames[-1].shot + sight.cut if frames else 0
        frames.append(_Place(sight.index, sight.time, shot))
        if self._still or sight.cut:
            self._open = []
        self._open = [t for t in self._open if sight.time - t.last.time <= _GAP]
        new = _extend(self._open, place, sight, self._min_score)
        for one in new:
            self._born += 1
            one.number = self._born
        self._tracks += new
        self._open += new

    def regions(self, unfinished: bool = False) -> dict[int, tuple[Region, ...]]:
        """Return frame index -> regions.

        unfinished: more is to come; whoever may yet be seen again is held as long as that.
        """
        result: dict[int, tuple[Region, ...]] = {frame.index: () for frame in self._frames}
        between = [list(_between(one.spots, self._frames)) for one in self._tracks]
        seen = defaultdict(list)
        for place, region in chain(*between):
            seen[place].append(region)
        for one, own in zip(self._tracks, between, strict=True):
            ends = () if self._still else self._ends(one, unfinished)
            # What is still to come may tell otherwise.
            beyond = [(p, r) for p, r in ends if unfinished or not any(_same(r, other) for other in seen[p])]
            for place, region in sorted([*own, *beyond], key=lambda each: each[0]):
                result[self._frames[place].index] += (replace(region, track=one.number),)
        return result

    def _ends(self, one: _Track, unfinished: bool) -> Iterator[tuple[int, Region]]:
        """Yield where a subject is held before and after it was seen."""
        waiting = unfinished and one in self._open
        glimpse = one.part and len(one.spots) == 1 and not waiting
        before = _GLIMPSE if glimpse else HELD
        after = _GAP if waiting else before
        smooth = _smooth(one.spots)
        yield from _held(smooth[:4], smooth[0], self._frames, -1, before)
        yield from _held(smooth[-4:], smooth[-1], self._frames, 1, after)

    def forget(self, before: float) -> None:
        """Forget the frames before a time in s; whoever was seen in none of the others is forgotten as well."""
        gone = sum(frame.time < before for frame in self._frames)
        del self._frames[:gone]
        for one in self._tracks:
            one.spots = [replace(spot, place=spot.place - gone) for spot in one.spots if spot.place >= gone]
        self._tracks, self._open = ([t for t in tracks if t.spots] for tracks in (self._tracks, self._open))


@dataclass(frozen=True, slots=True)
class _Place:
    index: int
    time: float
    shot: int


def _extend(tracks: list[_Track], place: int, sight: Sighting, min_score: float) -> list[_Track]:
    # Sure detections choose first, weak ones may only carry on what is left; sure ones left over are new.
    # Sorted, so that the order in which a detector lists them changes nothing.
    ordered = sorted(sight.regions, key=lambda r: (-r.score, r.box))
    sure = [_Spot(place, sight.time, r) for r in ordered if r.score >= min_score]
    # What is weak within a sure face is a part of that.
    weak = [
        _Spot(place, sight.time, r) for r in ordered if r.score < min_score and not any(_within(r, s) for s in sure)
    ]
    predicted = [t.predict(sight.time) for t in tracks]
    # Who was just seen comes first (Wojke et al. 2017): else whoever was lost nearby takes the face over.
    latest = max((t.last.time for t in tracks), default=0.0)
    fresh = {i for i, t in enumerate(tracks) if t.last.time == latest}
    lost = set(range(len(tracks))) - fresh
    left = _assign(tracks, predicted, sure, fresh, 0.35)
    left = _assign(tracks, predicted, left, lost, 0.35)
    _assign(tracks, predicted, weak, fresh | lost, 0.6)
    return [_Track([spot], part=any(_over(spot.region, s.region) for s in sure)) for spot in left]


def _over(region: Region, other: Region) -> bool:
    surer = region.kind == other.kind == "face" and region.score < other.score
    return surer and region.box.iou(other.box) > 0


def _within(region: Region, other: _Spot) -> bool:
    x, y = region.box.centre
    box = other.region.box
    return region.kind == other.region.kind == "face" and box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


def _assign(
    tracks: list[_Track], predicted: Sequence[Box], spots: Sequence[_Spot], free: set[int], least: float
) -> list[_Spot]:
    # Greedy, the likest pair first; takes from `free` and returns the spots that no track took.
    pairs = [
        (_likeness(predicted[t], tracks[t].last.region, spot.region), t, s)
        for t in free
        for s, spot in enumerate(spots)
    ]
    left = set(range(len(spots)))
    for likeness, t, s in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if likeness < least:
            break
        if t in free and s in left:
            tracks[t].spots.append(spots[s])
            free.discard(t)
            left.discard(s)
    return [spots[s] for s in sorted(left)]


def _likeness(predicted: Box, last: Region, seen: Region) -> float:
    # 0 to 2: overlap plus nearness of the centres in face sizes; 0 for other kinds and wholly other sizes.
    side, other = max(last.box.side, 1e-6), max(seen.box.side, 1e-6)
    if last.kind != seen.kind or not 0.5 <= other / side <= 2.0:
        return 0.0
    (ax, ay), (bx, by) = predicted.centre, seen.box.centre
    nearness = max(0.0, 1 - hypot(ax - bx, ay - by) / max(side, other))
    return predicted.iou(seen.box) + nearness


def _same(region: Region, other: Region) -> bool:
    # People stand before each other: what is seen of one says nothing of who is behind.
    return region.kind == other.kind == "face" and region.box.iou(other.box) >= _SAME


def _between(spots: list[_Spot], frames: list[_Place]) -> Iterator[tuple[int, Region]]:
    """Yield where a subject was seen, and where it was in between."""
    smooth = _smooth(spots)
    for i, spot in enumerate(smooth):
        yield spot.place, spot.region
        if i + 1 < len(smooth):
            yield from _filled(spot, smooth[i + 1], frames)


def _smooth(spots: list[_Spot]) -> list[_Spot]:
    return [_smoothed(spots, i) for i in range(len(spots))]


def _held(near: list[_Spot], end: _Spot, frames: list[_Place], step: int, held: float) -> Iterator[tuple[int, Region]]:
    # Frames beyond an end of the track, as far as the shot and the seconds for which it is held reach.
    speed = _speed(near)
    place = end.place + step
    while 0 <= place < len(frames) and frames[place].shot == frames[end.place].shot:
        away = abs(frames[place].time - end.time)
        if away > held:
            return
        moved = _moved(end, speed, frames[place].time)
        # Whether it went on or stopped is unknown: both places are hidden, and a little around them.
        box = moved.box.union(end.region.box).grow(0.25 * away)
        yield place, replace(moved, box=box)
        place += step


def _filled(one: _Spot, two: _Spot, frames: list[_Place]) -> Iterator[tuple[int, Region]]:
    span = max(two.time - one.time, 1e-6)
    for place in range(one.place + 1, two.place):
        share = min(1.0, max(0.0, (frames[place].time - one.time) / span))
        box = Box(*(a + share * (b - a) for a, b in zip(one.region.box, two.region.box, strict=True)))
        away = min(share, 1 - share) * span
        points = _mix(one.region.points, two.region.points, share)
        score = min(one.region.score, two.region.score)
        grown = box.grow(min(_MOST, _UNSURE.get(one.region.kind, _LEAST_UNSURE) * away))
        yield place, replace(one.region, box=grown, points=points, score=score)


def _smoothed(spots: list[_Spot], i: int) -> _Spot:
    # Centred weights 1 2 1: no lag. The detection itself stays covered.
    spot = spots[i]
    if not 0 < i < len(spots) - 1:
        return spot
    before, after = spots[i - 1], spots[i + 1]
    if spot.time - before.time > _NEAR or after.time - spot.time > _NEAR:
        return spot
    boxes = np.array([before.region.box, spot.region.box, spot.region.box, after.region.box])
    box = Box(*(float(v) for v in boxes.mean(0))).union(spot.region.box)
    points = _mix(spot.region.points, _mix(before.region.points, after.region.points, 0.5), 0.5)
    return replace(spot, region=replace(spot.region, box=box, points=points))


def _mix(one: Points | None, two: Points | None, share: float) -> Points | None:
    if one is None or two is None:
        return one if two is None else two
    return (one + np.float32(share) * (two - one)).astype(np.float32)


def _speed(spots: Sequence[_Spot]) -> tuple[float, float]:
    # Pixels a second of the centre over the spots; a standing start has none.
    time = spots[-1].time - spots[0].time
    if time <= 1e-6:
        return 0.0, 0.0
    (ax, ay), (bx, by) = spots[0].region.box.centre, spots[-1].region.box.centre
    return (bx - ax) / time, (by - ay) / time


def _moved(spot: _Spot, speed: tuple[float, float], time: float) -> Region:
    # Carried on with a speed that fades, forwards or backwards in time.
    away = time - spot.time
    reach = _FADE * (1 - exp(-abs(away) / _FADE)) * (1 if away >= 0 else -1)
    dx, dy = speed[0] * reach, speed[1] * reach
    points = spot.region.points
    moved = None if points is None else (points + np.array([dx, dy], np.float32)).astype(np.float32)
    return replace(spot.region, box=spot.region.box.shift(dx, dy), points=moved)
