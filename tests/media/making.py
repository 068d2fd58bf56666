"""Media that the tests of rooms 1 and 8 write, and what they ask about the results."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.types import Frame, Pixels

PLAIN = Output()


def frames_of(path: Path) -> list[Frame]:
    return list(read(probe(path)))


def again(path: Path, output: Output = PLAIN, frames: Iterable[Frame] | None = None) -> Path:
    """Write a source once more, as it was read, beside itself."""
    draft = path.with_name(f"draft-{path.name}")
    source = probe(path)
    write(draft, read(source) if frames is None else frames, source, output)
    return draft


def film(path: Path, pictures: Iterable[Pixels], **wishes: Any) -> Path:
    """Encode (H, W, 3) pictures as a video. Wishes: codec, options, pix_fmt, rotation, times, tags, sound, mux,
    aspect, coded (primaries, transfer, matrix)."""
    with av.open(str(path), "w", container_options=wishes.get("mux", {})) as out:
        out.metadata.update(wishes.get("tags", {}))
        video: Any = out.add_stream(wishes.get("codec", "libx264"), rate=25)
        sound: Any = out.add_stream(wishes["sound"], rate=44100, layout="mono") if "sound" in wishes else None
        video.codec_context.options = wishes.get("options", {"crf": "12", "preset": "ultrafast"})
        times = wishes.get("times")
        for index, picture in enumerate(pictures):
            if not index:
                video.height, video.width = picture.shape[:2]
                video.pix_fmt = wishes.get("pix_fmt", "yuv420p")
                video.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, 25)
                context = video.codec_context
                if "aspect" in wishes:
                    context.sample_aspect_ratio = wishes["aspect"]
                if "coded" in wishes:
                    context.color_primaries, context.color_trc, context.colorspace = wishes["coded"]
                if "rotation" in wishes:
                    video.set_display_rotation(wishes["rotation"])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = times[index] if times else index
            frame.time_base = video.codec_context.time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            _hum(out, sound)
    return path


def _hum(out: Any, sound: Any) -> None:
    wave = (np.sin(np.arange(44100) / 20) * 0.3).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
    frame.rate, frame.pts = 44100, 0
    resampler = av.AudioResampler(sound.codec_context.format or "fltp", "mono", 44100)
    for part in resampler.resample(frame):
        out.mux(sound.encode(part))
    out.mux(sound.encode(None))


def change(before: Pixels, after: Pixels) -> float:
    """Mean change in grey levels."""
    return float(np.abs(before.astype(int) - after.astype(int)).mean())
