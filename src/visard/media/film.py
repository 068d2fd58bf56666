"""Videos OUT: one MP4 with moving pictures, sound if asked for, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from visard.errors import SourceError
from visard.media.sound import Sound
from visard.media.source import Source
from visard.media.turn import SWAPPED
from visard.media.video import colours_of, opened_video, orientation, start_of
from visard.types import Frame

ENCODERS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    # Half of veryfast's work for 5 % larger files; a short lookahead, because each frame that waits costs memory.
    "h264": ("libx264", {"preset": "superfast", "x264-params": "mbtree=1:rc-lookahead=5:sync-lookahead=0"}),
    "hevc": ("libx265", {"preset": "veryfast", "x265-params": "log-level=none:rc-lookahead=10", "tag": "hvc1"}),
    "vp9": ("libvpx-vp9", {"b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}),
}


_MEANS = Interpolation.AREA | Interpolation.FULL_CHR_H_INP
"""A sample of colour is the mean of its pixels; told from all of them it takes half the time, with the same error."""


@dataclass(frozen=True, slots=True)
class Like:
    """What the result takes over from its source, besides pixels."""

    time_base: Fraction
    rate: Fraction
    space: Colorspace
    full: ColorRange
    tags: tuple[int, int, int, int]
    aspect: Fraction | None
    start: Fraction


def write_video(draft: Path, frames: Iterable[Frame], like: Source, codec: str, crf: int, audio: bool) -> None:
    """Encode frames as they come into an MP4; times, colour tags and pixel shape are the source's.

    Raises SourceError for no frames at all, OSError or av.FFmpegError where writing fails.
    """
    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise SourceError("has no frames", where=like.path, hint="copy it again from where it came")
    with opened_video(like.path) as (container, stream):
        own = likeness(next(container.decode(stream)), container, stream)
    with _mp4(draft) as out:
        name, options = ENCODERS[codec]
        video = add_video(out, first, own, name, {**options, "crf": str(crf)})
        with Sound(out, like.path, own.start, audio) as sound:
            for picture, frame in pictures(chain([first], coming), own, str(video.pix_fmt)):
                out.mux(video.encode(picture))
                sound.play_until(frame.time)
            out.mux(video.encode(None))
            sound.play_until(None)


@contextmanager
def _mp4(draft: Path) -> Iterator[OutputContainer]:
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(f"file:{draft.resolve()}", "w", format="mp4", container_options=options) as out:
        yield out


def likeness(frame: VideoFrame, container: InputContainer, stream: VideoStream) -> Like:
    """Return what a result takes over from a source, told by its first frame."""
    space, full = colours_of(frame)
    aspect = stream.sample_aspect_ratio
    if aspect and orientation(frame) in SWAPPED:
        aspect = 1 / aspect
    coded = [int(v) for v in (frame.color_primaries, frame.color_trc, frame.colorspace)]
    if coded[2] == 0 or frame.format.is_rgb:
        coded = [1, 1, 1]
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    base = stream.time_base or 1 / rate
    return Like(base, rate, space, full, (*coded, int(full)), aspect if aspect else None, start_of(container))  # type: ignore[arg-type]  # four numbers


def add_video(out: OutputContainer, first: Frame, like: Like, name: str, options: Mapping[str, str]) -> VideoStream:
    """Add a stream of moving pictures, encoded with the encoder of that name, to an open result."""
    video = out.add_stream(name, rate=like.rate)
    assert isinstance(video, VideoStream)  # ENCODERS names encoders of pictures alone
    height, width = first.pixels.shape[:2]
    video.width, video.height = width, height
    chroma = "444" if width % 2 or height % 2 else "420"
    video.pix_fmt = f"yuv{chroma}p" + ("" if first.deep is None else "10le")
    context = video.codec_context
    context.time_base = like.time_base
    context.options = dict(options)
    context.thread_count = min(8, os.cpu_count() or 1)
    context.color_primaries, context.color_trc, context.colorspace, context.color_range = like.tags
    if like.aspect:
        context.sample_aspect_ratio = like.aspect
    return video


def pictures(frames: Iterable[Frame], like: Like, pix_fmt: str) -> Iterator[tuple[VideoFrame, Frame]]:
    """Yield each frame in the encoder's format, with a time stamp later than the one before."""
    convert, last = VideoReformatter(), -1
    for frame in frames:
        rgb = frame.pixels if frame.deep is None else frame.deep
        picture = convert.reformat(
            VideoFrame.from_ndarray(rgb, "rgb24" if frame.deep is None else "rgb48le"),
            format=pix_fmt, src_colorspace=like.space, dst_colorspace=like.space,
            src_color_range=ColorRange.JPEG, dst_color_range=like.full,
            interpolation=_MEANS, threads=2,
        )  # fmt: skip
        last = max(last + 1, round(Fraction(frame.time) / like.time_base))
        picture.pts, picture.time_base = last, like.time_base
        yield picture, frame
