"""Single out subjects by number, by a point, or by a box drawn by hand; everybody else is spared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from visard.errors import UsageError
from visard.found import Found
from visard.types import Box, Frame, Kind, Region

_INSIDE = 0.5
"""Share of somebody's box that a drawn box must cover for hiding them too."""

_HINT = "`visard find` says who is where"


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is hidden: tracks by number, whoever is at a point (x, y) when somebody first is, and what a box covers."""

    tracks: tuple[int, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    boxes: tuple[Box, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tracks or self.points or self.boxes)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {name: [list(v) if isinstance(v, tuple) else v for v in own] for name, own in asdict(self).items()}


def parse_whom(tracks: Sequence[int], points: Sequence[str], boxes: Sequence[str]) -> Whom:
    """Return what the texts x,y and x0,y0,x1,y1 say; raises UsageError for others."""
    spots = [_numbers(text, 2, "point", "write --point 120,80") for text in points]
    drawn = [Box(*_numbers(text, 4, "box", "write --box 10,20,110,220")) for text in boxes]
    for box in drawn:
        if not box.area:
            raise UsageError(f"box {','.join(f'{v:g}' for v in box)} is empty", hint="x0 lies left of x1, y0 above y1")
    return Whom(tuple(tracks), tuple((x, y) for x, y in spots), tuple(drawn))


def single_out(frames: Callable[[], Iterator[Frame]], found: Found, whom: Whom, kind: Kind, source: Path) -> Found:
    """Return the regions with `hide` set for those who are meant alone, and the drawn boxes, in every frame.

    kind: of the drawn boxes. Raises UsageError where nobody is meant.
    """
    known = {r.track for r in found.all()}
    for track in whom.tracks:
        if track not in known:
            hint = f"tracks are {', '.join(map(str, sorted(known)))}" if known else "nobody was found"
            raise UsageError(f"there is no track {track}", where=source, hint=hint)
    meant = {*whom.tracks, *(_at(found, point, source) for point in whom.points)}
    meant |= {r.track for r in found.all() if any(_covers(box, r.box) for box in whom.boxes)}
    regions = {
        index: tuple(replace(r, hide=r.hide and r.track in meant) for r in own) for index, own in found.regions.items()
    }
    if whom.boxes:
        last = max(known, default=0)
        drawn = tuple(Region(kind, box, 1.0, track=last + n) for n, box in enumerate(whom.boxes, 1))
        for frame in frames():
            height, width = frame.pixels.shape[:2]
            for box in whom.boxes:
                if not box.overlap(Box(0, 0, width, height)):
                    what = f"box {','.join(f'{v:g}' for v in box)} lies outside the {width} x {height} picture"
                    raise UsageError(what, where=source, hint="x points right, y down, both in pixels")
            regions[frame.index] = (*regions.get(frame.index, ()), *drawn)
    return Found(regions)


def _at(found: Found, point: tuple[float, float], source: Path) -> int:
    """Return the track of the region at a point whose middle is nearest, in the first frame in which there is one.

    In sides of its box: a face lies within a person, and what was taken for somebody between two people beside them.
    """
    x, y = point
    for index in sorted(found.regions):
        here = [r for r in found.at(index) if r.box.x0 <= x < r.box.x1 and r.box.y0 <= y < r.box.y1]
        if here:
            return min(here, key=partial(_aside, x, y)).track
    raise UsageError(f"nobody is at {x:g},{y:g}", where=source, hint=_HINT)


def _aside(x: float, y: float, region: Region) -> float:
    """Return how far from its middle a point lies in a region, in sides of its box."""
    (cx, cy), box = region.box.centre, region.box
    return max(abs(x - cx) / box.width, abs(y - cy) / box.height)


def _covers(drawn: Box, box: Box) -> bool:
    return box.area > 0 and drawn.overlap(box) >= _INSIDE * box.area


def _numbers(text: str, count: int, name: str, hint: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(n) < 1e9 for n in numbers):
        raise UsageError(f"{name} {text!r} is not {count} numbers with commas", hint=hint)
    return numbers
