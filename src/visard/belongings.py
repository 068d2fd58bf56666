"""Room 2, FIND, once more: whoever is taken out of a picture goes with what is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from visard.detect import find_carried, with_belongings
from visard.flow import ahead
from visard.found import Found
from visard.hider import Hider
from visard.types import Frame, Region


def gather(frames: Callable[[], Iterator[Frame]], found: Found, hider: Hider, still: bool) -> Found:
    """Return what was found, people who are taken out with what they carry and the shadow at their feet.

    Runs through the frames once, if anybody is taken out whose belongings are not known; raises ModelError.
    """

    def new(index: int, region: Region) -> bool:
        return region.kind == "person" and hider.removes(region) and (index, region.track) not in hider.gathered

    if not any(new(index, region) for index, own in found.regions.items() for region in own):
        return found
    regions = dict(found.regions)
    for frame in frames() if still else ahead(frames()):
        own = found.at(frame.index)
        if not any(new(frame.index, region) for region in own):
            continue
        things = find_carried(frame.pixels)
        regions[frame.index] = tuple(
            replace(r, outline=with_belongings(frame.pixels, r, things)) if new(frame.index, r) else r for r in own
        )
        hider.gathered |= {(frame.index, region.track) for region in own if new(frame.index, region)}
    return Found(regions)
