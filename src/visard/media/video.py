"""Videos in: anything that FFmpeg reads, upright, with the time of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from visard.errors import SourceError
from visard.media.formats import LARGEST
from visard.media.read import Source
from visard.types import Frame

_DROPPED_AUDIO = "audio dropped: a voice identifies (--audio keep keeps it)"

_MISSING_SECONDS = 0.5
"""A file that ends so much earlier than it says has broken off."""


def probe(path: Path) -> Source | None:
    """Return what a video file holds, or None if it is no video. Raises SourceError for a huge one."""
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            first = next(container.decode(stream), None)
            if first is None or container.format.name in ("tty", "image2"):
                return None
            turned = rotation(first) % 180 == 90
            width, height = (first.height, first.width) if turned else (first.width, first.height)
            if width * height > LARGEST:
                raise SourceError(f"has frames of {width} x {height}", where=path, hint="scale it down")
            notes = (_DROPPED_AUDIO,) if container.streams.audio else ()
            return Source(
                path=path,
                media="video",
                format=container.format.name.split(",")[0],
                width=width,
                height=height,
                frames=_count(container, stream),
                still=False,
                depth=10 if max(c.bits for c in first.format.components) > 8 else 8,
                notes=notes,
            )
    except (av.FFmpegError, ValueError, IndexError):
        return None


def read(source: Source) -> Iterator[Frame]:
    """Yield the frames of a video. Raises SourceError where it breaks off."""
    import av

    index, time = -1, 0.0
    try:
        with av.open(str(source.path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for index, frame in enumerate(container.decode(stream)):
                time = float(frame.time) if frame.time is not None else index / 25
                yield _frame(frame, index, time, source)
            _check_end(source, container, stream, index, time)
    except av.FFmpegError as error:
        raise SourceError(
            f"breaks off after frame {index}: {error.strerror or error}",
            where=source.path,
            hint="fetch it again",
        ) from error


def rotation(frame: Any) -> int:
    """Return how many degrees counter-clockwise a frame must be turned to stand upright: 0, 90, 180 or 270."""
    return round(float(getattr(frame, "rotation", 0)) / 90) * 90 % 360


def _frame(frame: Any, index: int, time: float, source: Source) -> Frame:
    turns = rotation(frame) // 90
    if source.depth > 8:
        deep = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb48le"), turns))
        return Frame((deep >> 8).astype(np.uint8), index, time, deep=deep)
    pixels = frame.to_ndarray(format="rgb24")
    return Frame(np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels, index, time)


def _count(container: Any, stream: Any) -> int | None:
    if stream.frames:
        return int(stream.frames)
    seconds = container.duration / 1_000_000 if container.duration else 0
    return round(seconds * float(stream.average_rate)) if seconds and stream.average_rate else None


def _check_end(source: Source, container: Any, stream: Any, index: int, time: float) -> None:
    """Raise SourceError if the file promised more than it held: a torn file often ends without an error."""
    if index < 0:
        raise SourceError("holds no frame", where=source.path, hint="fetch it again")
    begins = float(stream.start_time * stream.time_base) if stream.start_time else 0.0
    stated, slack = _stated_seconds(container, stream)
    short_of_frames = bool(stream.frames) and index + 1 < stream.frames * 0.98 - 1
    if short_of_frames or time - begins < stated - slack:
        raise SourceError(f"breaks off after frame {index}", where=source.path, hint="fetch it again")


def _stated_seconds(container: Any, stream: Any) -> tuple[float, float]:
    """Return how long a video says it is, and how much less is no sign of damage.

    A container's length may be that of a longer sound track.
    """
    if stream.duration:
        stated = float(stream.duration * stream.time_base)
        return stated, _MISSING_SECONDS + 0.02 * stated
    stated = container.duration / 1_000_000 if container.duration else 0.0
    return stated, max(1.0, 0.1 * stated)
