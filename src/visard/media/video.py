"""Videos: frames by PyAV, upright, with their own times; a damaged or shortened one raises."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from visard.errors import SourceError
from visard.media.ends import refuse_cut_off
from visard.media.formats import MOST_PIXELS
from visard.media.source import Source
from visard.media.turn import SWAPPED, orientation_of, upright
from visard.types import Frame

EXACT = Interpolation.POINT | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Conversion to RGB from which AREA finds back to the same samples: 0.02 grey levels of error."""

_ALLOWED = {
    # Playlists and scripts (hls, concat) can name other files and hosts; only plain containers are opened.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv",
    "protocol_whitelist": "file",
}
_HINT = "copy it again from where it came"


def probe_video(path: Path) -> Source:
    """Return what a video holds; its first frame is decoded. Raises SourceError."""
    with opened_video(path) as (container, stream):
        with path.open("rb") as file:
            head = file.read(32)
        if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"free"):
            refuse_cut_off(path, b"\0\0\0\0ftyp")
        first = next(container.decode(stream), None)
        if first is None:
            raise SourceError("has no frame that can be decoded", where=path, hint=_HINT)
        width, height = first.width, first.height
        if width * height > MOST_PIXELS:
            raise SourceError(f"has frames of {width}x{height}", where=path, hint="scale it down")
        if orientation(first) in SWAPPED:
            width, height = height, width
        return Source(
            path, "video", container.format.name.split(",")[0], width, height, _estimate(container, stream),
            False, 10 if _bits(first) > 8 else 8, first.format.name.startswith("gray"),
            notes=tuple(_notes(container, first)),
        )  # fmt: skip


def read_video(source: Source, exact: bool) -> Iterator[Frame]:
    """Yield a video's frames with their times in s since its start; exact: with rounded colours.

    Raises SourceError, naming the frame, where it is damaged, of another size, or ends before the end that it states.
    """
    index, turn, convert, size = 0, 1, VideoReformatter(), (0, 0)
    with opened_video(source.path) as (container, stream):
        try:
            for frame, time in _decoded(container, stream, source):
                if not index:  # once: PyAV's side data and frame hold each other in memory
                    turn, size = orientation(frame), (frame.width, frame.height)
                if size != (frame.width, frame.height):
                    what = f"changes its size at frame {index} from {size[0]}x{size[1]} to {frame.width}x{frame.height}"
                    raise SourceError(what, where=source.path, hint="cut it there, into two videos")
                samples = upright(shown(frame, source.depth > 8, exact, convert), turn)
                yield as_frame(samples, index, time)
                index += 1
        except av.FFmpegError as error:
            raise SourceError(f"is damaged at frame {index}", where=source.path, hint=_HINT) from error


def read_video_near(source: Source, time: float) -> Iterator[Frame]:
    """Yield a video's frames from the last key frame before a time in s on, for somebody to look at.

    Their index counts from there, so that only their time tells which they are. Raises SourceError.
    """
    convert = VideoReformatter()
    with opened_video(source.path) as (container, stream):
        start = start_of(container)
        container.seek(int((Fraction(time) + start) * 1_000_000), backward=True)
        for index, frame in enumerate(container.decode(stream)):
            at = float((frame.pts or 0) * (stream.time_base or Fraction(1, 25)) - start)
            yield as_frame(upright(shown(frame, source.depth > 8, False, convert), orientation(frame)), index, at)


@contextmanager
def opened_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video and its first moving stream; what cannot be opened becomes a SourceError."""
    try:
        container = av.open(f"file:{path.resolve()}", container_options=_ALLOWED, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as error:
        raise SourceError(
            "is no picture or video that can be read", where=path, hint="is it whole, and what its name says?"
        ) from error
    with container:
        moving = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED]
        if not moving:
            raise SourceError("holds no moving picture", where=path, hint="name a picture or a video")
        stream = moving[0]
        stream.codec_context.options = {"err_detect": "explode"}
        stream.codec_context.thread_count = min(4, os.cpu_count() or 1)
        stream.thread_type = "AUTO"
        try:
            yield container, stream
        except av.FFmpegError as error:
            raise SourceError(f"is damaged: {error.strerror}", where=path, hint=_HINT) from error


_ATTACHED = 0x0400
"""FFmpeg's AV_DISPOSITION_ATTACHED_PIC: a cover, not a video."""


def colours_of(frame: VideoFrame) -> tuple[Colorspace, ColorRange]:
    """Return the matrix and range of a frame's samples; where it states none, what players assume."""
    known = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
    guess = Colorspace.ITU709 if frame.height >= 720 or _is_rgb(frame) else Colorspace.ITU601
    space = Colorspace(known[int(frame.colorspace)]) if int(frame.colorspace) in known else guess
    full = int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return space, ColorRange.JPEG if full else ColorRange.MPEG


def orientation(frame: VideoFrame) -> int:
    """Return the EXIF orientation, 1 to 8, that turns a decoded frame upright."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return 1 if matrix is None else orientation_of(bytes(matrix))


def start_of(container: InputContainer) -> Fraction:
    """Return the time in s at which a container's first stream starts."""
    return Fraction(container.start_time or 0, 1_000_000)


def _decoded(container: InputContainer, stream: VideoStream, source: Source) -> Iterator[tuple[VideoFrame, float]]:
    """Yield decoded frames and their times; raise where packets are damaged or end too soon."""
    start, rate = start_of(container), stream.average_rate or Fraction(25)
    reached, count, last = Fraction(0), 0, Fraction(-1)
    watched = [stream] if stream.duration else [*container.streams.video, *container.streams.audio]
    for packet in container.demux(watched):
        if packet.is_corrupt:
            raise SourceError(f"is damaged at frame {count}", where=source.path, hint=_HINT)
        if packet.pts is not None and packet.time_base is not None:
            reached = max(reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.stream is not stream:
            continue
        for frame in packet.decode():
            assert isinstance(frame, VideoFrame)  # a video stream decodes to nothing else
            if frame.is_corrupt:
                raise SourceError(f"is damaged at frame {count}", where=source.path, hint=_HINT)
            time = last + 1 / rate if frame.pts is None else frame.pts * (stream.time_base or 1 / rate) - start
            last = time
            yield frame, float(time)
            count += 1
    stated = _stated_end(container, stream)
    slack = max(3 / rate, stated / 100, Fraction(1, 10))
    if reached + slack < stated or not count:
        text = f"breaks off at frame {count}, {float(stated - reached):.1f} s before its end"
        raise SourceError(text, where=source.path, hint=_HINT)


def _stated_end(container: InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return ((stream.start_time or 0) + stream.duration) * stream.time_base
    # Matroska states when it ends, all others how long they are.
    begin = 0 if "matroska" in container.format.name else start_of(container)
    return Fraction(container.duration or 0, 1_000_000) + begin


def shown(frame: VideoFrame, deep: bool, exact: bool, convert: VideoReformatter) -> NDArray[Any]:
    """Return a frame's samples, (H, W, 3) RGB of uint8 or, deep, uint16, as stored: not yet turned."""
    space, full = colours_of(frame)
    rgb: NDArray[Any] = convert.reformat(
        _unsited(frame), format="rgb48le" if deep else "rgb24", src_colorspace=space, dst_colorspace=space,
        src_color_range=ColorRange.JPEG if _is_rgb(frame) else full, dst_color_range=ColorRange.JPEG,
        interpolation=EXACT if exact else Interpolation.POINT, threads=2,
    ).to_ndarray()  # fmt: skip
    return rgb


def as_frame(samples: NDArray[Any], index: int, time: float) -> Frame:
    """Return the frame of an array that will not be written any more, uint8 or, deep, uint16."""
    samples.flags.writeable = False
    if samples.dtype == np.uint8:
        return Frame(samples, index, time)
    pixels = (samples >> 8).astype(np.uint8)
    pixels.flags.writeable = False
    return Frame(pixels, index, time, deep=samples)


def _unsited(frame: VideoFrame) -> VideoFrame:
    """Return the frame without its word on where chroma samples lie, which PyAV cannot write again.

    Honoured on one way alone, it would shift colours by half a sample each time (3 grey levels of chroma).
    """
    if frame.format.name not in _SITED or frame.width % 2 or frame.height % 2:
        return frame
    return VideoFrame.from_ndarray(frame.to_ndarray(), frame.format.name)


_SITED = ("yuv420p", "yuvj420p", "yuv420p10le")


def _is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb or frame.format.name.startswith(("gbr", "pal"))


def _bits(frame: VideoFrame) -> int:
    return max((component.bits for component in frame.format.components), default=8)


def _estimate(container: InputContainer, stream: VideoStream) -> int | None:
    if stream.frames:
        return stream.frames
    seconds = _stated_end(container, stream) - start_of(container)
    rate = stream.average_rate or stream.guessed_rate
    return round(seconds * rate) or None if rate and seconds > 0 else None


def _notes(container: InputContainer, first: VideoFrame) -> Iterator[str]:
    name = first.format.name
    if container.streams.audio:
        yield "audio dropped: a voice identifies; --audio keep keeps it"
    if len(container.streams.video) > 1:
        yield "only the first video track is kept"
    if container.streams.subtitles or container.streams.data or container.streams.attachments:
        yield "subtitle and data tracks dropped"
    if first.width % 2 or first.height % 2:
        yield f"odd size {first.width}x{first.height}: written with full chroma (4:4:4)"
    elif "422" in name or "444" in name or _is_rgb(first):
        yield f"{name} written with chroma at half resolution (4:2:0)"
    if _bits(first) > 10:
        yield f"{_bits(first)}-bit video is written with 10 bits"
    if "yuva" in name or name in ("rgba", "bgra", "argb", "abgr", "gbrap"):
        yield "transparency dropped: MP4 cannot hold it"
    if first.interlaced_frame:
        yield "interlaced fields are kept woven into frames"
