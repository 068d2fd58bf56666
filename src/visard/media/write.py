"""Room 8, OUT: frames as a file like the source, with nothing in it that identifies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visard.errors import UsageError, suggest
from visard.media.metadata import check_names
from visard.media.read import Source
from visard.types import Frame

CODECS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
"""Codecs by the name that people use -> the encoder that writes them into MP4."""


@dataclass(frozen=True, slots=True)
class Output:
    """How results are written.

    codec, crf (0 to 51, less is better), audio: of videos. keep_metadata: names of safe tags of pictures.
    Raises UsageError for a codec or a tag that is unknown or not safe.
    """

    codec: str = "h264"
    crf: int = 20
    audio: Literal["drop", "keep"] = "drop"
    keep_metadata: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise UsageError(f"unknown codec {self.codec!r}", hint=suggest(self.codec, CODECS))
        check_names(self.keep_metadata)


def write(draft: Path, frames: Iterable[Frame], like: Source, output: Output) -> None:
    """Write frames to a draft in the source's format; videos become MP4.

    Pictures keep colour profile, alpha, grey, depth and, for JPEG, the source's quantisation. Videos keep
    frame times and colour. Raises TargetError where the disk is full, SourceError where something of the
    source could not be kept.
    """
    from visard.media import encode_picture, encode_video

    if like.media == "picture":
        encode_picture.write(draft, frames, like, output.keep_metadata)
    else:
        encode_video.write(draft, frames, like, CODECS[output.codec], output.crf, output.audio == "keep")
