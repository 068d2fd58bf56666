"""Rooms 2 and 3, FIND and FOLLOW, over a stream's last moments."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from visard.detect import CutFinder, find_faces
from visard.found import JITTER, KEY_SECONDS, LOOK_SECONDS, WEAK, Found
from visard.track import HELD, Sighting, Tracker
from visard.types import Frame, Region

_MEMORY = 2.0
"""Seconds behind the newest frame that the window keeps, at least: longer than a track lives unseen."""

_APART = 0.15
"""Seconds from a frame to the next look, some two of the usual distances; with 0.25, somebody who crossed a street in
the development videos was missed while the machine was busy."""

_STALE = 2 * KEY_SECONDS
"""Seconds since the last search for small and turned faces after which nobody vouches for anything."""


class Window:
    """What was found in the last moments; one thread shows it frames, others read from it.

    A frame is vouched for when its shot was searched at that frame or up to `_APART` s later: whoever is found then is
    hidden before, and cannot have gone far. The corridor looks as often as it likes; here, a look that took too long
    leaves frames behind that nobody vouches for, and they must not be shown.
    """

    def __init__(self, min_score: float, delay: float) -> None:
        self._tracker, self._min_score = Tracker(min_score), min_score * WEAK
        self._memory = _MEMORY + 2 * delay
        self._is_cut, self._next_key, self._next_look = CutFinder(), 0.0, 0.0
        self._last_key, self._was_key = 0.0, False
        self._pending: list[tuple[Frame, bool]] = []
        self._shot = 0
        self._shots: dict[int, tuple[int, float]] = {}
        self._news = threading.Condition()
        self._vouched: frozenset[int] = frozenset()
        self._reached = -1.0
        self.found = Found({})

    def see(self, frames: Sequence[Frame], last: bool = False) -> None:
        """Take in the frames that came meanwhile, in order; search the newest, and both sides of a cut.

        last: no more will come. Raises ModelError.
        """
        for place, frame in enumerate(frames):
            cut = self._is_cut(frame.pixels)
            if cut and self._pending:
                self._look()
            self._shot += cut
            self._shots[frame.index] = self._shot, frame.time
            self._pending.append((frame, cut))
            newest = place == len(frames) - 1
            if cut or (newest and (last or frame.time >= self._next_look)):
                self._look(cut)
        if last:
            if self._pending:
                self._look()
            self.close()

    def close(self) -> None:
        """Let nobody wait for more."""
        with self._news:
            self._reached = float("inf")
            self._news.notify_all()

    def wait(self, frame: Frame, seconds: float) -> None:
        """Wait until all is known of a frame that the near future tells, but no longer than so many seconds."""
        with self._news:
            self._news.wait_for(lambda: self._reached >= frame.time + HELD, max(0.0, seconds))

    def vouches(self, frame: Frame) -> bool:
        """Return whether a frame was searched closely enough to be shown, with what `found` hides."""
        return frame.index in self._vouched

    def _look(self, cut: bool = False) -> None:
        """Search the newest of the pending frames; then all of them are told of."""
        frame, _ = self._pending[-1]
        # Never twice in a row: on a slow machine there would be nothing else.
        key = cut or (frame.time >= self._next_key and not self._was_key)
        regions: tuple[Region, ...] = tuple(find_faces(frame.pixels, self._min_score, "key" if key else "coarse"))
        for one, first in self._pending:
            self._tracker.see(Sighting(one.index, one.time, regions if one is frame else (), first))
        self._pending = []
        self._next_look = frame.time + LOOK_SECONDS - JITTER
        self._was_key = key
        if key:
            self._last_key, self._next_key = frame.time, frame.time + KEY_SECONDS - JITTER
        self._tell(frame)

    def _tell(self, looked: Frame) -> None:
        oldest = looked.time - self._memory
        self._tracker.forget(oldest)
        self._shots = {index: own for index, own in self._shots.items() if own[1] >= oldest}
        shot = self._shots[looked.index][0]
        near = {
            index for index, (own, time) in self._shots.items()
            if own == shot and index <= looked.index and looked.time - time <= _APART + JITTER
            and looked.time - self._last_key <= _STALE
        }  # fmt: skip
        with self._news:
            # Found first: whoever reads without waiting must never see a frame vouched for that is not yet told of.
            self.found = Found(self._tracker.regions(unfinished=True))
            self._vouched = frozenset(index for index in self._vouched | near if index in self._shots)
            self._reached = looked.time
            self._news.notify_all()
