"""Rooms 3 and 4 for methods that redraw faces, a few frames ahead of the picture that is shown."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from visard.found import Found
from visard.hider import Hider
from visard.shape import identity, landmarks
from visard.smoothing import Codes, bridged, smoothed
from visard.tracing import Tracer, traced
from visard.types import Frame, Kind, Patch, Points, Region

AHEAD = 3
"""Frames beyond the one to be shown that are traced, so that its meshes are smoothed from both sides."""

_BEHIND = 12
"""Frames before it that are remembered."""

_LARGE = 24.0
"""Pixels of width from which on a face is clear enough to choose its new one."""


class Makeup:
    """Traces faces and has new subjects cast, aside; until then the fallback hides them."""

    def __init__(self, hider: Hider) -> None:
        self._hider, self._tracer = hider, Tracer(hider, still=False)
        self._codes: dict[tuple[int, int], Points] = {}
        self._cast: set[int] = set()
        self._newest = -1
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="visard-cast")
        self._asked: Future[None] | None = None
        if hider.casting:
            landmarks.load()
            identity.load()
        for kind in hider.casting:
            hider.cast(kind, {})  # nobody has a role yet, which is told faster than it is found out for each frame

    def close(self) -> None:
        """Wait for nothing any more."""
        self._aside.shutdown(cancel_futures=True)

    def see(self, frame: Frame, found: Found) -> None:
        """Trace the faces of a frame, unless that is done; frames come in order."""
        if frame.index <= self._newest or not self._hider.casting:
            return
        self._newest = frame.index
        own = {
            place: region
            for place, region in enumerate(found.at(frame.index))
            if region.hide and region.kind in self._hider.casting and region.track not in self._hider.unfit
        }
        self._tracer.see(frame, traced(frame, own))
        for (index, place), code in self._tracer.codes.items():
            self._codes[index, own[place].track] = code
        self._forget(frame.index - _BEHIND, {r.track for r in found.all()})
        self._cast_new()

    def on(self, frame: Frame, found: Found) -> tuple[Region, ...]:
        """Return a frame's regions with their meshes, without those that only echo another's face."""
        if not self._hider.casting:
            return found.at(frame.index)
        # A region's place may have changed since it was traced, its track has not.
        codes: Codes = {
            (index, place): self._codes[index, region.track]
            for index in range(frame.index - _BEHIND, frame.index + AHEAD + 1)
            for place, region in enumerate(found.at(index))
            if (index, region.track) in self._codes
        }
        smooth = smoothed(bridged(codes, found), found, self._tracer.motions)
        echoes = self._tracer.echoes
        return tuple(
            replace(region, mesh=smooth.get((frame.index, place)))
            for place, region in enumerate(found.at(frame.index))
            if not echoes.leave_out(frame.index, region)
        )

    def _cast_new(self) -> None:
        """Have those cast who were seen clearly and have no role; choosing a face takes far longer than a frame may."""
        if self._asked is not None:
            if not self._asked.done():
                return
            self._asked.result()
            self._asked = None
        for kind, patches in self._tracer.looks.patches.items():
            new = {track: own for track, own in patches.items() if track not in self._cast and _is_clear(own[0])}
            if new:
                self._cast |= new.keys()
                self._asked = self._aside.submit(self._choose, kind, new)
                return

    def _choose(self, kind: Kind, patches: dict[int, list[Patch]]) -> None:
        self._hider.cast(kind, patches)

    def _forget(self, before: int, alive: Collection[int]) -> None:
        self._tracer.forget(before, alive)
        self._tracer.codes.clear()
        self._codes = {key: code for key, code in self._codes.items() if key[0] >= before}
        self._cast &= set(alive)


def _is_clear(patch: Patch) -> bool:
    return patch.mesh is not None and float(np.ptp(patch.mesh[:, 0])) >= _LARGE
