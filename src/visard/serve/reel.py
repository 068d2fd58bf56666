"""Single frames of a source, quickly: the last ones are kept, and a video is entered at the key frame before."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from visard.errors import UsageError
from visard.media.read import probe, read
from visard.media.video import read_video_near
from visard.types import Frame

_KEPT = 150_000_000
"""Bytes of pixels that are kept."""

_NEAR = 90
"""Frames ahead up to which a running video is read on rather than entered anew."""


class Reel:
    """One source, or its result, open for looking. times: of the source's frames in seconds, as `look` noted them."""

    def __init__(self, path: Path, times: list[float]) -> None:
        self.path, self.source = path, probe(path)
        # A result begins at zero, whenever its source does; its frames are as far from each other.
        late = next(read(self.source, exact=False)).time - times[0] if self.source.media == "video" else 0.0
        self.times = [time + late for time in times]
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._running: Iterator[Frame] | None = None
        self._next = 0

    def at(self, index: int) -> Frame:
        """Return a frame; raises UsageError for one beyond the end, SourceError for one that cannot be decoded."""
        if not 0 <= index < len(self.times):
            raise UsageError(f"there is no frame {index}", hint=f"the last one is {len(self.times) - 1}")
        if index not in self._kept:
            if self._running is None or not self._next <= index < self._next + _NEAR:
                self._enter(index)
            for frame in self._run():
                if frame.index >= index:
                    break
        if index not in self._kept:
            raise UsageError(f"frame {index} cannot be shown", hint="choose another one")
        self._kept.move_to_end(index)
        return self._kept[index]

    def onward(self, index: int) -> Iterator[Frame]:
        """Yield the frames from one on."""
        yield self.at(index)
        for place in range(index + 1, len(self.times)):
            yield self.at(place)

    def close(self) -> None:
        """Close the source and forget its frames."""
        self._running = None
        self._kept.clear()

    def _enter(self, index: int) -> None:
        self._running = None
        if self.source.media == "video":
            self._running = self._numbered(index)
        else:
            self._running = iter(read(self.source, exact=False))
        self._next = index if self.source.media == "video" else 0

    def _numbered(self, index: int) -> Iterator[Frame]:
        """Yield frames of a video from shortly before an index on, with their numbers told from their times."""
        for frame in read_video_near(self.source, self.times[index]):
            after = min(bisect_left(self.times, frame.time), len(self.times) - 1)
            place = min((max(0, after - 1), after), key=lambda i: abs(self.times[i] - frame.time))
            yield Frame(frame.pixels, place, frame.time)

    def _run(self) -> Iterator[Frame]:
        assert self._running is not None, "entered before"
        for frame in self._running:
            self._next = frame.index + 1
            self._kept[frame.index] = frame
            self._kept.move_to_end(frame.index)
            most = max(2, _KEPT // max(1, frame.pixels.nbytes))
            for old in list(islice(self._kept, max(0, len(self._kept) - most))):
                del self._kept[old]
            yield frame
        self._running = None
