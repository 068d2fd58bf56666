"""Room 1, IN, for what cannot be read twice: cameras, streams of the network, and files played as if they were one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from visard.errors import SourceError, UsageError
from visard.media.film import Like, likeness
from visard.media.formats import MOST_PIXELS, looks_like_picture
from visard.media.turn import upright
from visard.media.video import as_frame, orientation, shown
from visard.types import Frame

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv,mpjpeg,mjpeg,h264,hevc"
"""Containers that name no other files or hosts, as playlists do."""

_PROTOCOLS: Final = {
    "http": "http,tcp", "https": "https,tls,tcp", "tcp": "tcp", "udp": "udp", "rtsp": "rtsp,rtp,udp,tcp",
}  # fmt: skip

_CAMERAS: Final = {"linux": ("/dev/video{}", "v4l2"), "darwin": ("{}:none", "avfoundation")}
"""System -> the name of a camera with a number, and FFmpeg's way to open it."""

_PATIENCE = 10.0
"""Seconds to wait for a stream to open, and for its next packet."""

_LEAP = 2.0
"""Seconds by which a stream's clock may leap before it counts as set anew."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An open stream. like: what results take over from it. ready_made: it comes faster than it plays, as files do."""

    name: str
    like: Like
    ready_made: bool
    first: Frame
    frames: Iterator[Frame]


class _Address(NamedTuple):
    name: str
    format: str | None
    options: dict[str, str]
    ready_made: bool


@contextmanager
def opened_stream(source: str) -> Iterator[Stream]:
    """Open a camera by its number, a URL (HTTP, RTSP, TCP, UDP) or a file, and wait for its first frame.

    Its frames come upright, their times in s since the first; damaged ones are left out. Raises SourceError, also in
    a frame's place, where the stream breaks off.
    """
    address = _address(source)
    try:
        container = av.open(
            address.name, format=address.format, options=address.options, timeout=_PATIENCE, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError, OSError) as error:
        reason, hint = _trouble(source, address, error)
        raise SourceError(f"cannot be opened: {reason}", where=source, hint=hint) from error
    with container:
        if not container.streams.video:
            raise SourceError("holds no moving picture", where=source, hint="name a camera, a video or a stream of one")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # threads that each decode a frame would hold frames back
        decoded = _decoded(container, stream, source)
        first = next(decoded, None)
        if first is None:
            raise SourceError("has no frame that can be decoded", where=source, hint="is it there, and playing?")
        if first.width * first.height > MOST_PIXELS:
            raise SourceError(f"has frames of {first.width}x{first.height}", where=source, hint="scale it down")
        frames = _frames(first, decoded, stream)
        opening = next(frames)
        yield Stream(source, likeness(first, container, stream), address.ready_made, opening, frames)


def _trouble(source: str, address: _Address, error: Exception) -> tuple[str, str]:
    """Return why a source does not open, and what to do."""
    reason, path = str(getattr(error, "strerror", None) or error), Path(source)
    if not address.name.startswith("file:"):
        return reason, "is it there, and playing?"
    if path.is_dir():
        return "it is a folder", "name a camera, a video or a stream"
    try:
        with path.open("rb") as file:
            picture = looks_like_picture(file.read(32))
    except OSError as fault:
        return fault.strerror or reason, "check its path; a camera has a number"
    if picture:
        return "it is a picture", "hide it with visard hide"
    return "it is no video that can be read", "is it whole, and what its name says?"


def _address(source: str) -> _Address:
    scheme, colon, _ = source.partition("://")
    if source.isdecimal() and not Path(source).exists():
        if sys.platform not in _CAMERAS:
            raise UsageError("cameras have no numbers on this system", where=source, hint="name a stream or a file")
        name, form = _CAMERAS[sys.platform]
        return _Address(name.format(source), form, {}, False)
    if not colon:
        allowed = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        return _Address(f"file:{Path(source).resolve()}", None, allowed, True)
    if scheme not in _PROTOCOLS:
        raise UsageError(f"no stream of the kind {scheme!r} is read", where=source, hint=f"use {', '.join(_PROTOCOLS)}")
    options = {"protocol_whitelist": _PROTOCOLS[scheme]}
    if scheme == "rtsp":
        return _Address(source, None, options | {"rtsp_transport": "tcp"}, False)
    return _Address(source, None, options | {"format_whitelist": _FORMATS}, scheme.startswith("http"))


def _decoded(container: InputContainer, stream: VideoStream, source: str) -> Iterator[VideoFrame]:
    count = 0
    try:
        for packet in container.demux(stream):
            try:
                pictures = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in pictures:
                assert isinstance(frame, VideoFrame)  # a video stream decodes to nothing else
                if not frame.is_corrupt:
                    yield frame
                    count += 1
    except av.FFmpegError as error:
        what = f"broke off after {count} frames: {error.strerror}"
        raise SourceError(what, where=source, hint="is it there, and playing?") from error


def _frames(first: VideoFrame, rest: Iterator[VideoFrame], stream: VideoStream) -> Iterator[Frame]:
    """Yield upright frames with times that only grow, whatever the stream's own clock does."""
    step = float(1 / (stream.average_rate or stream.guessed_rate or 25))
    turn, convert = orientation(first), VideoReformatter()
    size, time, clock = (first.width, first.height), 0.0, first.time

    def frame(decoded: VideoFrame, index: int) -> Frame:
        return as_frame(upright(shown(decoded, False, True, convert), turn), index, time)

    yield frame(first, 0)
    for index, decoded in enumerate(rest, 1):
        if (decoded.width, decoded.height) != size:
            what = f"changed its size from {size[0]}x{size[1]} to {decoded.width}x{decoded.height}"
            raise SourceError(what, where=stream.container.name, hint="start again")
        ahead = step if decoded.time is None or clock is None else decoded.time - clock
        clock = decoded.time
        time += ahead if 0 < ahead <= _LEAP else step
        yield frame(decoded, index)
