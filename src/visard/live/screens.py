"""Room 8, OUT, for what happens now: a window, a virtual camera, a file, or somebody who listens on the network."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import av

from visard.errors import TargetError, UsageError, suggest
from visard.media.film import Like, add_video, pictures
from visard.publish import publish
from visard.types import Frame

Screen = Callable[[Frame], None]
"""Shows a frame; raises TargetError where it cannot, Interrupted where the viewer closed it."""

_ENCODER: Final = ("libx264", {"preset": "superfast", "tune": "zerolatency", "crf": "20"})

_FILES: Final = {".mp4": "mp4", ".mkv": "matroska", ".ts": "mpegts"}

_STREAMS: Final = {"rtsp": "rtsp", "http": "mpegts", "tcp": "mpegts", "udp": "mpegts"}

_OPTIONS: Final = {"rtsp": {"rtsp_transport": "tcp"}, "mp4": {"movflags": "+faststart"}}

_TICK = Fraction(1, 90_000)


@contextmanager
def opened_screen(target: str, like: Like, first: Frame, overwrite: bool = False) -> Iterator[Screen]:
    """Open `window`, `camera`, a URL (HTTP, RTSP, TCP, UDP) or a file for frames like the first.

    A file appears when all is over. Raises TargetError, UsageError for what is none of these.
    """
    scheme, is_url, _ = target.partition("://")
    if target == "window":
        with _window(like, first) as show:
            yield show
    elif target == "camera":
        with _camera(first, float(like.rate)) as show:
            yield show
    elif is_url:
        if scheme not in _STREAMS:
            raise UsageError(f"no stream of the kind {scheme!r} is written", hint=suggest(scheme, _STREAMS))
        if scheme == "tcp" and "listen" in parse_qs(urlsplit(target).query):
            with _viewer(target) as file, _encoded(file, "mpegts", {"flush_packets": "1"}, like, first, target) as show:
                yield show
            return
        with _encoded(target, _STREAMS[scheme], _OPTIONS.get(scheme, {}), like, first, target) as show:
            yield show
    else:
        form = _FILES.get(Path(target).suffix.lower())
        if form is None:
            hint = f"use window, camera, a URL, or a file that ends in {', '.join(_FILES)}"
            raise UsageError("is no target for live pictures", where=target, hint=hint)
        with publish(Path(target), overwrite) as draft:
            name, options = f"file:{draft.resolve()}", {"fflags": "+bitexact"} | _OPTIONS.get(form, {})
            with _encoded(name, form, options, like, first, target) as show:
                yield show


@contextmanager
def _encoded(
    where: str | _Viewer, form: str, options: dict[str, str], like: Like, first: Frame, target: str
) -> Iterator[Screen]:
    own = Like(_TICK, like.rate, like.space, like.full, like.tags, like.aspect, Fraction(0))
    with _refused(target), av.open(where, "w", format=form, options=options) as out:
        video = add_video(out, first, own, *_ENCODER)
        coming: list[Frame] = []
        encoder_pictures = pictures(iter(coming.pop, None), own, str(video.pix_fmt))

        def show(frame: Frame) -> None:
            coming.append(frame)
            picture, _ = next(encoder_pictures)
            out.mux(video.encode(picture))

        yield show
        out.mux(video.encode(None))


class _Viewer:
    """Whoever came to look, as a file."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)


@contextmanager
def _viewer(target: str) -> Iterator[_Viewer]:
    """Wait for somebody at tcp://HOST:PORT; FFmpeg's own waiting gives neither Ctrl-C nor a thread a turn."""
    place = urlsplit(target)
    host = place.hostname or ""
    try:
        port = place.port
    except ValueError:
        port = None
    if not port:
        raise UsageError("names no port", where=target, hint="give tcp://HOST:PORT?listen=1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with _refused(target), socket.create_server((host, port), family=family) as server:
        connection, _ = server.accept()
    with connection:
        yield _Viewer(connection)


def _window(like: Like, first: Frame) -> AbstractContextManager[Screen]:
    try:
        from visard.live.pane import opened_pane
    except ImportError as error:
        hint = "install it (python3-tk on Debian), or give --out camera, a file or a URL"
        raise TargetError("this Python has no tkinter to open a window with", hint=hint) from error
    return opened_pane(first, like.aspect)


@contextmanager
def _camera(first: Frame, rate: float) -> Iterator[Screen]:
    try:
        import pyvirtualcam
    except ImportError as error:
        raise TargetError("no virtual camera without pyvirtualcam", hint="pip install 'visard[live]'") from error
    height, width = first.pixels.shape[:2]
    try:
        camera: Any = pyvirtualcam.Camera(width, height, rate)
    except RuntimeError as error:
        hint = "install one: v4l2loopback on Linux, OBS elsewhere"
        raise TargetError(f"no virtual camera: {error}", hint=hint) from error
    with camera:
        yield lambda frame: camera.send(frame.pixels)


@contextmanager
def _refused(target: str) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TargetError(f"cannot be written: {reason}", where=target, hint="is somebody there to take it?") from error
