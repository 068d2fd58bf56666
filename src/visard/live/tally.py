"""What became of a stream's frames."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np

_RECENT = 3000
"""Frames, some two minutes, over which latency is told."""


@dataclass(slots=True)
class Tally:
    """Counts of frames.

    came: read from the stream. skipped: not let in, because fewer can be worked on. late: let in, and not shown.
    shown: of all kinds, among them flat ones: unchecked, which were not ready in time; bare, in which the doubt saw a
    face; stalled, where there was none to show.
    """

    came: int = 0
    skipped: int = 0
    late: int = 0
    shown: int = 0
    unchecked: int = 0
    bare: int = 0
    stalled: int = 0
    _latency: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def flat(self) -> int:
        """Frames that were shown flat."""
        return self.unchecked + self.bare + self.stalled

    @property
    def rate(self) -> float:
        """Frames shown per second of the stream, lately."""
        seconds = self._times[-1] - self._times[0] if len(self._times) > 1 else 0.0
        return (len(self._times) - 1) / seconds if seconds > 0 else 0.0

    def drop(self) -> None:
        """Count a frame that came too late to be shown; several threads drop frames."""
        with self._lock:
            self.late += 1

    def show(self, time: float, latency: float) -> None:
        """Count a frame that was shown; time: its own in s; latency: s since it came."""
        self.shown += 1
        self._times.append(time)
        self._latency.append(latency)

    def latency(self, percent: float = 50.0) -> float:
        """Return that percentile of the seconds from a frame's coming to its showing, lately."""
        return float(np.percentile(self._latency, percent)) if self._latency else 0.0

    def line(self) -> str:
        """Return the counts in words."""
        shown = f"{self.shown} of {self.came} frames shown, {self.rate:.1f} a second"
        latency = f"latency {self.latency():.2f} s (95 %: {self.latency(95):.2f} s)"
        dropped = f"dropped {self.skipped + self.late}"
        return f"{shown}, {latency}, {dropped}, covered whole {self.flat} ({self.bare} of them with a face seen)"
