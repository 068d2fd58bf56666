"""Room 1, IN: what a file holds, and its frames, upright, one after the other."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visard.errors import SourceError
from visard.types import Frame


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read, by its content.

    format: Pillow's name of a picture's format, the container's for a video. width, height: upright, in
    pixels. frames: None where only decoding tells. still: its frames are no time sequence. depth: bits a
    channel. notes: one-line things that the user must know.
    """

    path: Path
    media: Literal["picture", "video"]
    format: str
    width: int
    height: int
    frames: int | None
    still: bool
    depth: int = 8
    grey: bool = False
    alpha: bool = False
    notes: tuple[str, ...] = ()


def probe(path: Path) -> Source:
    """Return what a file holds. Raises SourceError for what is missing, unreadable or neither picture nor video."""
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise SourceError("is a folder", where=path, hint="name a file")
        if state.st_size == 0:
            raise SourceError("is empty", where=path, hint="fetch it again")
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError as error:
        raise SourceError("no such file", where=path, hint="check its path") from error
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=path, hint="check its rights") from error
    from visard.media import picture, video

    source = picture.probe(path) or video.probe(path)
    if source is None:
        raise SourceError(
            "is no picture and no video that can be read", where=path, hint="fetch it again, or convert it"
        )
    return source


def read(source: Source) -> Iterator[Frame]:
    """Yield the frames of a source, upright, RGB, not writable; only a few are in memory at a time.

    Raises SourceError, naming the frame, where the file breaks off.
    """
    from visard.media import picture, video

    frames = picture.read(source) if source.media == "picture" else video.read(source)
    for frame in frames:
        frame.pixels.flags.writeable = False
        yield frame
