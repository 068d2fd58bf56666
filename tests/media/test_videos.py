"""Videos keep their frames, times, colours and, if asked, their sound; their tags and place are gone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from visard.errors import SourceError, UsageError
from visard.media.metadata import tags
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.types import Pixels


def film(path: Path, photo: Pixels, times: list[float], size: tuple[int, int] = (160, 120), **settings: Any) -> Path:
    form, sound = settings.pop("pix_fmt", "yuv420p"), settings.pop("sound", False)
    with av.open(str(path), "w") as container:
        container.metadata.update(settings.pop("metadata", {}))
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, form
        stream.options = {"crf": "12"}
        stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        voice = container.add_stream("aac", rate=16_000, layout="mono") if sound else None
        for i, time in enumerate(times):
            view = np.ascontiguousarray(photo[40 : 40 + size[1], 100 + i : 100 + i + size[0]])
            frame = av.VideoFrame.from_ndarray(view, format="rgb24").reformat(format=form)
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            tone = np.sin(np.arange(16_000, dtype=np.float32) * 0.1)[None]
            sample = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            sample.rate = 16_000
            container.mux(voice.encode(sample))
            container.mux(voice.encode(None))
    return path


def there_and_back(path: Path, output: Output | None = None) -> Path:
    source = probe(path)
    draft = path.with_name("draft.mp4")
    write(draft, read(source), source, output or Output(crf=12))
    return draft


def difference(one: Path, two: Path) -> float:
    pairs = zip(read(probe(one)), read(probe(two)), strict=True)
    return float(np.mean([np.abs(a.pixels.astype(int) - b.pixels).mean() for a, b in pairs]))


EVEN = [i / 25 for i in range(20)]


def test_frames_and_uneven_times_are_kept(tmp_path: Path, astronaut: Pixels) -> None:
    times = [0.0, 0.04, 0.2, 0.24, 0.5, 0.51, 0.9]
    path = film(tmp_path / "a.mkv", astronaut, times)
    back = there_and_back(path)
    assert [round(f.time, 3) for f in read(probe(back))] == times
    assert difference(path, back) < 2.5


@pytest.mark.parametrize(("colorspace", "color_range"), [(1, 1), (5, 1), (1, 2), (2, 0)])
def test_colours_do_not_shift(tmp_path: Path, astronaut: Pixels, colorspace: int, color_range: int) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN[:5], colorspace=colorspace, color_range=color_range)
    means = [np.mean([f.pixels.mean((0, 1)) for f in read(probe(p))], 0) for p in (path, there_and_back(path))]
    # The fast conversion rounds down, once each way: a level or so, where a wrong matrix or range costs ten.
    assert np.abs(means[0] - means[1]).max() < 2.0


def test_odd_sizes_are_kept(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN[:3], (161, 121), pix_fmt="yuv444p")
    source = probe(there_and_back(path))
    assert (source.width, source.height) == (161, 121)


def test_ten_bits_are_kept(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN[:3], pix_fmt="yuv420p10le")
    assert probe(path).depth == 10
    back = there_and_back(path)
    assert probe(back).depth == 10 and difference(path, back) < 2.5


def test_sound_is_dropped_unless_kept(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN, sound=True)
    assert any("voice" in note for note in probe(path).notes)
    for audio, streams in (("drop", 0), ("keep", 1)):
        with av.open(str(there_and_back(path, Output(audio=audio)))) as back:  # type: ignore[arg-type]
            assert len(back.streams.audio) == streams
            if streams:
                assert sum(frame.samples for frame in back.decode(audio=0)) >= 15_000


def test_place_and_titles_are_gone(tmp_path: Path, astronaut: Pixels) -> None:
    telling = {"title": "me", "comment": "at home", "location": "+47.0+015.0/", "creation_time": "2026-01-02T03:04:05Z"}
    path = film(tmp_path / "a.mp4", astronaut, EVEN[:3], metadata=telling)
    assert {"title", "comment"} <= set(tags(path))
    back = there_and_back(path)
    assert tags(back) == []
    assert b"+47.0" not in back.read_bytes() and b"at home" not in back.read_bytes()


def test_a_torn_video_is_refused(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN * 1)
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"torn\.mp4"):
        list(read(probe(torn)))


def test_unknown_codec_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'h264'"):
        Output(codec="h265x4")


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_codecs(tmp_path: Path, astronaut: Pixels, codec: str) -> None:
    path = film(tmp_path / "a.mp4", astronaut, EVEN[:5])
    with av.open(str(there_and_back(path, Output(codec=codec)))) as back:
        assert back.streams.video[0].codec_context.name == codec
