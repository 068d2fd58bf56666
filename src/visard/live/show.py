"""The corridor in one pass: a stream in, its hidden frames out, each so many seconds after it came, or not at all.

Threads: one reads, one searches (`Window`), one hides and doubts, one keeps time, and whoever calls shows. A frame that
is late before it was worked on is dropped: the one before it stands. A frame whose hiding or doubt is not done when it
is due, or in which a face is seen, is shown as a flat one.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import replace
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np

from visard import detect
from visard.errors import Interrupted, UsageError, VisardError
from visard.found import refuse_unfound
from visard.hider import Hider
from visard.live.doubt import Doubter
from visard.live.makeup import AHEAD, Makeup
from visard.live.screens import Screen, opened_screen
from visard.live.tally import Tally
from visard.live.window import Window
from visard.media.stream import Stream, opened_stream
from visard.policy import Policy
from visard.publish import refuse_replacing
from visard.types import Frame, Prepared

_STALL = 1.0
"""Seconds after which the last picture no longer stands for what happens now."""

_GREY = 112

_COVER, _EXCHANGE = 0.03, 0.15
"""Seconds that the work on a frame takes, until it is known: where faces are covered, and where they are exchanged."""

_SLOWER, _QUICKER = 0.5, 0.1
"""How much of what the work takes a slower or a quicker frame tells."""

_WORK = 0.35
"""Share of the delay that is left for the work on a frame; the rest shows its future."""


class _Came(NamedTuple):
    frame: Frame
    at: float


def show(
    source: str,
    target: str,
    policy: Policy,
    *,
    delay: float = 0.8,
    overwrite: bool = False,
    watch: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Hide the people in a stream while it runs; return what became of its frames when it or its viewer ends.

    source: a camera's number, a URL or a file; target: `window`, `camera`, a URL or a file. delay: seconds from a
    frame's coming to its showing. watch: called after each frame. Raises SourceError where the stream breaks off, after
    all that came was shown; TargetError; UsageError for methods that must know everybody first.
    """
    refuse_unfound(policy)
    refuse_replacing(Path(target), (Path(source),))
    with opened_stream(source) as stream:
        hider = Hider(policy, source=hashlib.sha256(stream.first.pixels.tobytes()).hexdigest())
        if any(isinstance(method, Prepared) for method in hider.methods.values()):
            raise UsageError("a stream cannot be hidden in groups", hint="use --method fill, blur or surrogate")
        detect.load(policy.rules, doubt=True)
        stage = _Stage(stream, hider, delay)
        with opened_screen(target, stream.like, stream.first, overwrite) as screen:
            try:
                stage.play(screen, watch)
            finally:
                stage.close()
            if not stage.tally.shown:
                raise stage.trouble or Interrupted("ended before a frame could be shown", where=source)
    if stage.trouble is not None:
        raise stage.trouble
    return stage.tally


class _Stage:
    def __init__(self, stream: Stream, hider: Hider, delay: float) -> None:
        self._stream, self._hider, self._delay = stream, hider, delay
        self._window = Window(hider.policy.rules["face"].min_score, delay)
        self._makeup, self._doubter = Makeup(hider), Doubter(hider)
        self._flat = np.full_like(stream.first.pixels, _GREY)
        self._usual = _EXCHANGE if hider.casting else _COVER
        self._stopped = threading.Event()
        self._came: deque[_Came] = deque()
        self._coming = threading.Condition()
        self._number, self._ended = 0, False
        self._searched: deque[_Came] = deque()
        self._ready: queue.Queue[_Came | None] = queue.Queue(64)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="visard-hide")
        self._threads: list[threading.Thread] = []
        self.tally = Tally()
        self.trouble: VisardError | None = None

    def play(self, screen: Screen, watch: Callable[[Tally], None]) -> None:
        """Show frames as they are due until the stream ends, Ctrl-C, or the viewer has enough."""
        works = self._read, self._search, self._keep_time
        self._threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in works]
        for thread in self._threads:
            thread.start()
        last = _Came(replace(self._stream.first, pixels=self._flat), monotonic())
        try:
            while True:
                try:
                    came = self._ready.get(timeout=_STALL)
                except queue.Empty:
                    came = self._instead(last.frame, last.frame.time + _STALL, monotonic() - self._delay)
                    self.tally.stalled += 1
                if came is None:
                    return
                self._stopped.wait(came.at + self._delay - monotonic())
                if monotonic() > came.at + 2 * self._delay:
                    self.tally.drop()
                    continue
                screen(came.frame)
                self.tally.show(came.frame.time, monotonic() - came.at)
                watch(self.tally)
                last = came
        except (KeyboardInterrupt, Interrupted):
            return

    def close(self) -> None:
        """Stop all threads; frames on their way are forgotten."""
        self._stopped.set()
        with self._coming:
            self._coming.notify_all()
        self._window.close()
        for thread in self._threads:  # the stream must not be closed while it is read
            thread.join()
        self._makeup.close()
        self._worker.shutdown(cancel_futures=True)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do one thread's work; its failure ends the show."""
        try:
            work()
        except VisardError as error:
            self.trouble = self.trouble or error
        except Exception as error:  # a fault of ours must end the show as well, not leave it hanging
            self.trouble = self.trouble or VisardError(f"unexpected {type(error).__name__}: {error}")
        if work == self._keep_time:
            self._put(None)

    def _read(self) -> None:
        """Take frames as they come, and no more of them than can be worked on."""
        start, wanted = monotonic(), 0.0
        try:
            for number, frame in enumerate(chain([self._stream.first], self._stream.frames)):
                if self._stream.ready_made:
                    self._stopped.wait(start + frame.time - monotonic())
                if self._stopped.is_set():
                    return
                self.tally.came = number + 1
                if frame.time < wanted:
                    self.tally.skipped += 1
                    continue
                wanted = max(wanted, frame.time - self._usual) + self._usual
                self._let_in(frame)
        finally:
            with self._coming:
                self._ended = True
                self._coming.notify_all()

    def _let_in(self, frame: Frame) -> None:
        now = monotonic()
        with self._coming:
            # Numbered anew: neighbours in time are neighbours in number, whatever was left out between them.
            self._came.append(_Came(replace(frame, index=self._number), now))
            self._number += 1
            while now - self._came[0].at > self._delay:
                self._came.popleft()
                self.tally.drop()
            self._coming.notify_all()

    def _search(self) -> None:
        """Show the window all frames that came meanwhile; it searches as often as the machine allows."""
        try:
            while True:
                with self._coming:
                    self._coming.wait_for(lambda: self._came or self._ended or self._stopped.is_set())
                    batch, last = list(self._came), self._ended
                    self._came.clear()
                self._searched.extend(batch)
                self._window.see([came.frame for came in batch], last)
                if last or self._stopped.is_set():
                    return
        finally:
            self._window.close()
            self._searched.append(_Came(replace(self._stream.first, index=-1), 0.0))

    def _keep_time(self) -> None:
        """Have each frame worked on as late as it may be: the more of its future is known, the better it is hidden."""
        while not self._stopped.is_set():
            if not self._searched:
                self._stopped.wait(0.002)
                continue
            came = self._searched[0]
            if came.frame.index < 0:
                return
            due = came.at + self._delay
            self._window.wait(came.frame, due - max(_WORK * self._delay, 2 * self._usual) - monotonic())
            if monotonic() > due - self._usual or not self._window.vouches(came.frame):
                self.tally.drop()
                self._usual *= 0.95
            else:
                self._put(self._hidden(came, due))
            self._searched.popleft()

    def _hidden(self, came: _Came, due: float) -> _Came:
        """Return a frame hidden and doubted before it is due, or a flat one."""
        near = [self._searched[i].frame for i in range(min(1 + AHEAD, len(self._searched)))]
        work = self._worker.submit(self._work, near)
        try:
            hidden = work.result(timeout=max(0.0, due - monotonic()))
            self.tally.bare += hidden is None
        except (TookTooLong, CancelledError):
            work.cancel()
            hidden = None
            self.tally.unchecked += 1
        return self._instead(came.frame, came.frame.time, came.at) if hidden is None else _Came(hidden, came.at)

    def _work(self, frames: list[Frame]) -> Frame | None:
        """Return the first of the frames hidden, None where a face is seen in it."""
        began, found = monotonic(), self._window.found
        for frame in frames:
            if frame.index in found.regions:
                self._makeup.see(frame, found)
        frame = frames[0]
        regions = (*self._makeup.on(frame, found), *self._doubter.suspects(frame))
        hidden = self._hider(frame, regions)
        bare = self._doubter.sees(hidden, regions)
        spent = monotonic() - began
        self._usual += (_SLOWER if spent > self._usual else _QUICKER) * (spent - self._usual)
        return None if bare else hidden

    def _instead(self, frame: Frame, time: float, at: float) -> _Came:
        return _Came(replace(frame, pixels=self._flat, deep=None, time=time), at)

    def _put(self, came: _Came | None) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(came, timeout=0.1)
                return
            except queue.Full:
                continue
