"""What is known about a source before its pixels are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Source:
    """A picture or video that can be read.

    width, height: pixels, upright. frames: their number, an estimate for videos, None if unknown.
    still: the frames are no time sequence (single pictures, TIFF pages). depth: bits per sample, 8 or 16
    for pictures, 8 or 10 for videos. notes: one line each for what the user must know.
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
