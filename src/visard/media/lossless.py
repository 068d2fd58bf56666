"""Pictures and videos OUT without any loss: what a seal gives back must be what was sealed, to the bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import SourceError
from visard.media import png
from visard.media.source import Source
from visard.types import Frame


def lossless_suffix(like: Source) -> str:
    """Return the suffix of a lossless copy: `.png`, `.tif` for pages, `.mkv` for videos."""
    return ".mkv" if like.media == "video" else ".tif" if like.format == "TIFF" else ".png"


def write_lossless(draft: Path, frames: Iterable[Frame], like: Source) -> None:
    """Write frames like a source, without loss: PNG, animated PNG, TIFF, or FFV1 in Matroska with its sound.

    Raises SourceError, OSError, or av.FFmpegError where writing fails.
    """
    if like.media == "video":
        _write_film(draft, frames, like)
    elif like.format == "TIFF":
        from visard.media.tiff import write_pages

        write_pages(draft, map(_samples, frames), _profile(like), [], pack=True)
    else:
        with draft.open("wb") as file:
            for piece in _png(frames, like):
                file.write(piece)


def _samples(frame: Frame) -> NDArray[Any]:
    colour = frame.pixels if frame.deep is None else frame.deep
    if frame.alpha is None:
        return colour
    alpha = frame.alpha
    if alpha.dtype != colour.dtype:
        alpha = (alpha >> 8).astype(np.uint8) if colour.dtype == np.uint8 else alpha.astype(np.uint16) * 257
    return np.dstack([colour, alpha])


def _profile(like: Source) -> bytes | None:
    from visard.media.colour import kept_profile
    from visard.media.picture import opened

    with opened(like.path) as image:
        profile: bytes | None = kept_profile(image)
        return profile


def _png(frames: Iterable[Frame], like: Source) -> Iterator[bytes]:
    profile = _profile(like)
    colours = b"" if profile is None else png.chunk(b"iCCP", png.profile_chunk(profile))
    if like.format == "PNG":
        colours = png.colour_chunks(like.path.read_bytes())
    if like.frames == 1:
        (frame,) = frames
        yield png.encoded(_samples(frame), colours)
        return
    from visard.media.animation import apng

    yield from apng(frames, like, colours)


def _write_film(draft: Path, frames: Iterable[Frame], like: Source) -> None:
    import av

    from visard.media.sound import Sound
    from visard.media.video import opened_video, start_of

    with opened_video(like.path) as (container, stream):
        rate, aspect = stream.average_rate or Fraction(25), stream.sample_aspect_ratio
        base, start = stream.time_base or 1 / rate, start_of(container)
    with av.open(f"file:{draft.resolve()}", "w", format="matroska", container_options={"fflags": "+bitexact"}) as out:
        video: Any = out.add_stream("ffv1", rate=rate)
        with Sound(out, like.path, start, True) as sound:
            last = -1
            for frame in frames:
                deep = frame.deep is not None
                if last < 0:
                    video.height, video.width = frame.pixels.shape[:2]
                    video.pix_fmt = "gbrp16le" if deep else "bgr0"
                    video.codec_context.time_base = base
                    if aspect:
                        video.codec_context.sample_aspect_ratio = aspect
                samples: Any = frame.pixels if frame.deep is None else frame.deep
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(samples), "rgb48le" if deep else "rgb24")
                picture = picture.reformat(format=video.pix_fmt)
                last = max(last + 1, round(Fraction(frame.time) / base))
                picture.pts, picture.time_base = last, base
                out.mux(video.encode(picture))
                sound.play_until(frame.time)
            if last < 0:
                raise SourceError("has no frames", where=like.path, hint="copy it again from where it came")
            out.mux(video.encode(None))
            sound.play_until(None)
