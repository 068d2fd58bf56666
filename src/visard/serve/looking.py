"""The first step of a file, in the worker: what it holds, who is in it, and pictures to tell them by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from visard.errors import SourceError
from visard.found import find
from visard.media.read import Source, probe, read
from visard.people import Regions, clearest
from visard.policy import Policy
from visard.serve.records import FACES, TIMES, save_regions, write
from visard.serve.settings import MOST_PIXELS
from visard.serve.small import jpeg, portrait, shrink, strip
from visard.serve.worker import Tell
from visard.shape import identity
from visard.types import Frame, Pixels
from visard.warmth import cool_down, warm_up

_STRIP = 9
"""Pictures in a video's strip."""

_OFTEN = 0.2
"""Seconds between two words on how far it is."""


def look(source: str, folder: str, name: str, *, tell: Tell) -> dict[str, Any]:
    """Write what a source shows into a folder, and return what it is; raises SourceError and ModelError."""
    original, into = probe(Path(source)), Path(folder)
    if original.width * original.height > MOST_PIXELS:
        limit = f"{MOST_PIXELS // 1_000_000} megapixels"
        raise SourceError(f"has more than {limit}", hint="scale it down, or cut it into parts")
    warm_up(Policy().rules)
    into.mkdir(mode=0o700, exist_ok=True)
    watched = _Watched(original)
    found = find(original, watched.frames, Policy(), _teller(tell, original.frames))
    save_regions(into, name, found)
    write(into / FACES, _faces(watched, found.regions, into))
    write(into / TIMES, watched.times)
    (into / "thumbnail.jpg").write_bytes(jpeg(shrink(watched.first, 480)))
    if len(watched.views) > 1:
        (into / "strip.jpg").write_bytes(jpeg(strip(watched.views), 70))
    cool_down()
    return {
        "media": "picture" if len(watched.times) == 1 else "video",
        "width": original.width,
        "height": original.height,
        "frames": len(watched.times),
        "seconds": round(watched.times[-1], 3),
    }


class _Watched:
    """A source whose frames are noted as they pass: their times, and small views of some."""

    def __init__(self, original: Source) -> None:
        self.original = original
        self.times: list[float] = []
        self.views: list[Pixels] = []
        self.first: Pixels
        self._only: Frame | None = None
        self._every = max(1, (original.frames or 500) // _STRIP)

    def frames(self) -> Iterator[Frame]:
        """Run through the frames; a single picture is decoded once."""
        if self._only is not None:
            yield self._only
            return
        fresh = not self.times
        for frame in read(self.original, exact=False):
            if fresh:
                self._note(frame)
            yield frame

    def _note(self, frame: Frame) -> None:
        if not self.times:
            self.first = shrink(frame.pixels, 480).copy()
            self._only = frame if self.original.frames == 1 and self.original.still else None
        if frame.index % self._every == 0 and len(self.views) < 2 * _STRIP:
            self.views.append(shrink(frame.pixels, 160).copy())
        self.times.append(round(frame.time, 4))


def _faces(watched: _Watched, regions: Regions, into: Path) -> dict[str, list[list[float]]]:
    """Return track -> embeddings of its clearest looks, and write a portrait of each."""
    wanted, pictured = clearest(regions), set()
    faces: dict[str, list[list[float]]] = {}
    for frame in watched.frames() if wanted else ():
        for region in wanted.get(frame.index, ()):
            track = str(region.track)
            seen = identity.look(region, frame.pixels)
            if track not in pictured:
                pictured.add(track)
                (into / f"face-{track}.jpg").write_bytes(jpeg(portrait(frame.pixels, region.box)))
            if seen is not None:
                faces.setdefault(track, []).append([round(float(v), 4) for v in seen.embedding])
    return faces


def _teller(tell: Tell, total: int | None) -> Any:
    last = [0.0]

    def seen(index: int) -> None:
        if monotonic() - last[0] > _OFTEN:
            last[0] = monotonic()
            tell({"moved": {"room": "find", "done": index + 1, "total": total}})

    return seen
