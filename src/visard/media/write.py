"""Room 8's hand: frames become a file like their source, without anything that the source had besides pixels."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visard.errors import TargetError, UsageError, VisardError, suggest
from visard.media.formats import PICTURE_FORMATS, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from visard.media.source import Source
from visard.types import Frame

CODECS = ("h264", "hevc", "vp9")
AUDIO = ("drop", "keep")
_FILM_SUFFIXES = (".mp4", ".m4v", ".mov")


@dataclass(frozen=True, slots=True)
class Output:
    """How results are written.

    codec: for videos, one of CODECS. crf: its constant quality, 0 (best) to 51. audio: sound is dropped,
    because a voice identifies, unless kept. keep_metadata: names of harmless EXIF tags to take over.
    """

    codec: str = "h264"
    crf: int = 20
    audio: Literal["drop", "keep"] = "drop"
    keep_metadata: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise UsageError(f"unknown codec {self.codec!r}", hint=f"choose from {', '.join(CODECS)}")
        if self.audio not in AUDIO:
            raise UsageError(f"unknown audio choice {self.audio!r}", hint=suggest(str(self.audio), AUDIO))
        if isinstance(self.crf, bool) or not isinstance(self.crf, int) or not 0 <= self.crf <= 51:
            raise UsageError(f"crf is {self.crf!r}", hint="give a whole number from 0 to 51")
        if self.keep_metadata:
            from visard.media.metadata import check_names

            check_names(self.keep_metadata)


def suffix(source: Source, output: Output) -> str:
    """Return the suffix of a source's result: a picture's own, `.mp4` for every video."""
    if source.media == "video":
        return ".mp4"
    own = source.path.suffix
    return own if own.lower() in PICTURE_SUFFIXES else PICTURE_FORMATS[source.format][0]


def refuse_misnamed(target: Path, like: Source) -> None:
    """Raise UsageError where a result's name, if it is not the source's own, promises another format than it has."""
    fitting = _FILM_SUFFIXES if like.media == "video" else (*PICTURE_FORMATS[like.format], like.path.suffix.lower())
    own = target.suffix.lower()
    if own in PICTURE_SUFFIXES | VIDEO_SUFFIXES and own not in fitting:
        hint = "results keep their source's format; videos become MP4"
        raise UsageError(f"should end in {fitting[0]}", where=target, hint=hint)


def write(draft: Path, frames: Iterable[Frame], like: Source, output: Output) -> None:
    """Write frames to the draft in the format of their source; videos and animations stream.

    Raises SourceError where the source cannot be kept as it was, TargetError where writing fails.
    """
    with refused_writing(draft):
        if like.media == "video":
            from visard.media.film import write_video

            write_video(draft, frames, like, output.codec, output.crf, output.audio == "keep")
        else:
            from visard.media.encode import write_picture

            write_picture(draft, frames, like, output.keep_metadata)


@contextmanager
def refused_writing(draft: Path) -> Iterator[None]:
    """Turn whatever a writer of pictures or videos fails with into a TargetError."""
    try:
        yield
    except VisardError:
        raise
    except OSError as error:
        raise _refusal(error, draft) from error
    except Exception as error:
        # PyAV's errors share no base with OSError, and naming them here would load PyAV for a photo.
        if not isinstance(getattr(error, "errno", None), int):
            raise
        raise _refusal(error, draft) from error


def _refusal(error: Exception, draft: Path) -> TargetError:
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TargetError("the disk is full", where=draft, hint="make room, or choose another --out")
    reason = getattr(error, "strerror", None) or str(error)
    return TargetError(f"cannot be written: {reason}", where=draft, hint="check the disk and its rights")
