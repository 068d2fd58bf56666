"""Room 1, IN: what a file is, and its frames, upright and in order; anything broken raises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from visard.errors import SourceError
from visard.media.formats import looks_like_picture
from visard.media.source import Source as Source
from visard.types import Frame


def probe(path: Path) -> Source:
    """Return what a file holds, decided by its content alone.

    Raises SourceError for what is missing, unreadable, empty, cut off, too large or of no known kind.
    """
    path = Path(path)
    head = _head(path)
    if looks_like_picture(head):
        from visard.media.picture import probe_picture

        return probe_picture(path, head)
    from visard.media.video import probe_video

    return probe_video(path)


def read(source: Source, exact: bool = True) -> Iterator[Frame]:
    """Yield the frames of a source, upright, in order; their arrays are not writable.

    exact: colours are rounded, for frames that will be written; otherwise a video's may lie a level lower,
    which no search and no comparison minds, at a fifth of the time.
    Raises SourceError, in the frame's place, where a frame cannot be decoded or the file ends too soon.
    """
    if source.media == "picture":
        from visard.media.picture import read_picture

        return read_picture(source)
    from visard.media.video import read_video

    return read_video(source, exact)


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise SourceError("is a folder", where=path, hint="name a picture or a video in it")
        if not path.is_file() and path.exists():
            raise SourceError("is no ordinary file", where=path, hint="name a picture or a video file")
        with path.open("rb") as file:
            head = file.read(32)
    except FileNotFoundError as error:
        raise SourceError("does not exist", where=path, hint="check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"cannot be read: {reason}", where=path, hint="check its path and rights") from error
    if not head:
        raise SourceError("is empty", where=path, hint="copy it again from where it came")
    return head
