"""Videos out: MP4, streaming, with the source's frame times and colours and none of its tags."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from visard.errors import SourceError, TargetError
from visard.media.read import Source
from visard.types import Frame

_CLOCK = Fraction(1, 90_000)
"""Unit of frame times in the result: fine enough for every usual rate, and for none at all."""

_SPEED = {
    "libx264": {"preset": "veryfast", "rc-lookahead": "5"},
    "libx265": {"preset": "veryfast", "x265-params": "log-level=error"},
    "libsvtav1": {"preset": "9"},
}
"""Encoder options: fast, and few frames in memory."""


def write(draft: Path, frames: Iterable[Frame], like: Source, encoder: str, crf: int, audio: bool) -> None:
    """Encode frames as they come; audio: copy the source's sound. Raises TargetError on a full disk."""
    import av

    options = {"movflags": "+faststart"}
    with (
        _reported(draft),
        av.open(str(like.path)) as original,
        av.open(str(draft), "w", format="mp4", options=options) as out,
    ):
        source = original.streams.video[0]
        stream = _video_stream(out, source, like, encoder, crf)
        sound = _Sound(out, original) if audio and original.streams.audio else None
        convert = _Converter(stream, source, like)
        origin: float | None = None
        for frame in frames:
            origin = frame.time if origin is None else origin
            out.mux(stream.encode(convert(frame, frame.time - origin)))
            if sound is not None:
                sound.copy_until(frame.time)
        if origin is None:
            raise SourceError("holds no frame", where=like.path, hint="fetch it again")
        out.mux(stream.encode(None))
        if sound is not None:
            sound.copy_until(float("inf"))


def _video_stream(out: Any, source: Any, like: Source, encoder: str, crf: int) -> Any:
    deep = like.depth > 8
    even = like.width % 2 == 0 and like.height % 2 == 0
    stream = out.add_stream(encoder, rate=source.average_rate or 25)
    stream.width, stream.height = like.width, like.height
    # 4:2:0 needs even sides; an odd picture keeps its size and pays with chroma at full resolution.
    stream.pix_fmt = ("yuv420p" if even else "yuv444p") + ("10le" if deep else "")
    stream.options = {"crf": str(crf)} | _SPEED[encoder]
    stream.codec_context.time_base = _CLOCK
    stream.time_base = _CLOCK
    ours, theirs = stream.codec_context, source.codec_context
    for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
        value = getattr(theirs, name)
        if value:
            setattr(ours, name, value)
    if source.sample_aspect_ratio and source.sample_aspect_ratio != 1:
        turned = like.width == source.codec_context.height and like.width != like.height
        ratio = source.sample_aspect_ratio
        ours.sample_aspect_ratio = 1 / ratio if turned else ratio
    return stream


class _Converter:
    """Turns frames into the encoder's pictures with the source's colour matrix and range."""

    def __init__(self, stream: Any, source: Any, like: Source) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._format = stream.pix_fmt
        self._deep = like.depth > 8
        self._colours = {
            "dst_colorspace": source.codec_context.colorspace,
            "dst_color_range": source.codec_context.color_range,
        }

    def __call__(self, frame: Frame, time: float) -> Any:
        import av

        if self._deep:
            assert frame.deep is not None
            full = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.deep), format="rgb48le")
        else:
            full = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        picture = self._reformatter.reformat(full, format=self._format, interpolation="AREA", **self._colours)
        picture.pts, picture.time_base = round(time / _CLOCK), _CLOCK
        return picture


class _Sound:
    """Copies the packets of the first audio stream beside the frames."""

    def __init__(self, out: Any, original: Any) -> None:
        self._out = out
        source = original.streams.audio[0]
        self._stream = out.add_stream_from_template(source)
        self._stream.metadata.clear()
        self._packets = original.demux(source)
        self._next = next(self._packets, None)

    def copy_until(self, time: float) -> None:
        """Copy the packets that begin before a time in seconds."""
        while self._next is not None:
            packet = self._next
            if packet.dts is not None:
                if float(packet.dts * packet.time_base) > time:
                    return
                packet.stream = self._stream
                self._out.mux(packet)
            self._next = next(self._packets, None)


@contextmanager
def _reported(draft: Path) -> Iterator[None]:
    """Turn a full disk, which FFmpeg reports in its own way, into one clear line."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO):
            raise TargetError(
                "the disk is full", where=draft.parent, hint="free some space, or choose another --out"
            ) from error
        raise SourceError(
            f"cannot be written as MP4: {error.strerror or error}",
            where=draft.name,
            hint="try another --codec",
        ) from error
