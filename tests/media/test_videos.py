from __future__ import annotations

import resource
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.media.making import again, change, film, frames_of
from visard.errors import SourceError, TargetError, UsageError
from visard.media.metadata import tags
from visard.media.read import probe, read
from visard.media.write import Output, suffix, write
from visard.types import Frame, Pixels


def pan(photo: Pixels, count: int = 12, height: int = 144, width: int = 176) -> Iterator[Pixels]:
    for i in range(count):
        yield photo[40 : 40 + height, 100 + i : 100 + i + width]


def test_a_video_keeps_frames_times_and_colours(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut))
    source, frames = probe(path), frames_of(path)
    assert (source.media, source.width, source.height, source.frames, source.still) == ("video", 176, 144, 12, False)
    assert suffix(source, Output()) == ".mp4" and source.notes == ()
    assert np.allclose([f.time for f in frames], np.arange(12) / 25)
    assert all(not f.pixels.flags.writeable for f in frames)
    new = frames_of(again(path, Output(crf=4)))
    assert np.allclose([f.time for f in new], np.arange(12) / 25)
    assert max(change(a.pixels, b.pixels) for a, b in zip(frames, new, strict=True)) < 2.0


def test_a_video_that_changes_its_size_is_refused(tmp_path: Path, astronaut: Pixels) -> None:
    path = tmp_path / "a.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=10)
        stream.width = stream.height = 160
        for start, size in ((0, 160), (4, 96)):
            encoder = av.CodecContext.create("libvpx-vp9", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = size, size, "yuv420p", Fraction(1, 10)
            pictures = [av.VideoFrame.from_ndarray(astronaut[:size, :size].copy(), "rgb24") for _ in range(4)]
            for number, picture in enumerate(pictures, start):
                picture.pts, picture.time_base = number, encoder.time_base
            for packet in [p for picture in (*pictures, None) for p in encoder.encode(picture)]:
                packet.stream = stream
                container.mux(packet)
    with pytest.raises(SourceError, match="changes its size at frame 4 from 160x160 to 96x96"):
        frames_of(path)


@pytest.mark.parametrize(("pix_fmt", "tall"), [("yuv420p", 144), ("yuvj420p", 144), ("yuv420p", 720)])
def test_colours_do_not_drift(tmp_path: Path, astronaut: Pixels, pix_fmt: str, tall: int) -> None:
    view = cv2.resize(astronaut, (tall, tall)).astype(np.uint8)
    path = film(tmp_path / "a.mp4", [view] * 3, pix_fmt=pix_fmt)
    before, after = frames_of(path)[1].pixels, frames_of(again(path, Output(crf=0)))[1].pixels
    limit = 1.0 if pix_fmt == "yuvj420p" else 0.25  # swscale rounds full-range chroma down by half a level
    inside = ((before > 4) & (before < 251)).all(2)  # colours that RGB cannot hold are clipped on the way
    inside = cv2.erode(np.asarray(inside, np.uint8), np.ones((5, 5))) > 0
    drift = (after.astype(float) - before)[inside]
    assert inside.mean() > 0.1 and np.abs(drift.mean(0)).max() < limit and np.abs(drift).mean() < 1.0


def test_variable_rate_is_kept(tmp_path: Path, astronaut: Pixels) -> None:
    times = [0, 33, 80, 200, 233, 500, 1000, 1040]
    for name in ("a.mp4", "a.mkv"):
        path = film(tmp_path / name, pan(astronaut, 8), times=times)
        assert np.allclose([f.time for f in frames_of(path)], np.array(times) / 1000)
        draft = again(path).rename(tmp_path / f"{name}.mp4")
        assert np.allclose([f.time for f in frames_of(draft)], np.array(times) / 1000, atol=1e-3)


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_turned_video_is_turned_upright(tmp_path: Path, astronaut: Pixels, rotation: int) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 3), rotation=rotation)
    upright = np.rot90(next(pan(astronaut)), rotation // 90)
    assert (probe(path).height, probe(path).width) == upright.shape[:2]
    assert change(frames_of(path)[0].pixels, upright) < 8
    draft = again(path)
    assert change(frames_of(draft)[0].pixels, upright) < 8
    assert frames_of(draft)[0].pixels.shape == upright.shape


def test_ten_bits_stay_ten(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 3), pix_fmt="yuv420p10le")
    frame = frames_of(path)[0]
    assert probe(path).depth == 10 and frame.deep is not None
    assert np.array_equal(frame.pixels, frame.deep >> 8)
    draft = again(path)
    assert probe(draft).depth == 10
    new = frames_of(draft)[0]
    assert new.deep is not None and change(frame.pixels, new.pixels) < 5


def test_pixels_that_are_not_square_keep_their_shape(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 3), aspect=Fraction(16, 11))
    with av.open(str(again(path))) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_high_dynamic_range_is_still_told(tmp_path: Path, astronaut: Pixels, codec: str) -> None:
    """BT.2020 primaries and matrix, hybrid log-gamma: without its tags a player shows such a video grey."""
    coded = (9, 18, 9)
    path = film(tmp_path / "a.mp4", pan(astronaut, 3), pix_fmt="yuv420p10le", coded=coded)
    with av.open(str(again(path, Output(codec=codec)))) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)) == coded


def test_an_odd_size_keeps_every_pixel(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mkv", pan(astronaut, 3, 143, 175), pix_fmt="yuv444p")
    assert any("odd size" in note for note in probe(path).notes)
    assert frames_of(again(path))[0].pixels.shape == (143, 175, 3)


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9"])
def test_codecs(tmp_path: Path, astronaut: Pixels, codec: str) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 4))
    draft = again(path, Output(codec=codec))
    with av.open(str(draft)) as container:
        assert container.streams.video[0].codec_context.name == codec
    assert len(frames_of(draft)) == 4 and tags(draft) == []


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(UsageError, match="h264"):
        Output(codec="h265x")


@pytest.mark.parametrize(("name", "sound", "kept"), [("a.mp4", "aac", "aac"), ("a.mkv", "pcm_s16le", "aac")])
def test_sound_is_dropped_or_kept(tmp_path: Path, astronaut: Pixels, name: str, sound: str, kept: str) -> None:
    path = film(tmp_path / name, pan(astronaut, 25), sound=sound)
    assert any("audio" in note for note in probe(path).notes)
    with av.open(str(again(path))) as container:
        assert not container.streams.audio
    draft = again(path, Output(audio="keep"))
    with av.open(str(draft)) as container:
        assert container.streams.audio[0].codec_context.name == kept
        seconds = sum(f.samples for f in container.decode(audio=0)) / 44100
        assert abs(seconds - 1) < 0.1
    assert len(frames_of(draft)) == 25 and tags(draft) == []


def test_tags_are_found_and_do_not_survive(tmp_path: Path, astronaut: Pixels) -> None:
    planted = {"location": "+48.85+002.35/", "title": "Anna's birthday", "creation_time": "2024-05-01T10:00:00Z"}
    for name in ("a.mp4", "a.mov", "a.mkv"):
        path = film(
            tmp_path / name,
            pan(astronaut, 3),
            tags=planted,
            mux={"movflags": "use_metadata_tags"} if "mp4" in name else {},
        )
        assert len(tags(path)) >= 2, name
        draft = again(path)
        assert tags(draft) == []
        assert b"48.85" not in draft.read_bytes() and b"Anna" not in draft.read_bytes()


def test_the_index_comes_first(tmp_path: Path, astronaut: Pixels) -> None:
    data = again(film(tmp_path / "a.mp4", pan(astronaut, 3))).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("name", ["a.mp4", "fast.mp4", "a.mkv", "a.avi"])
def test_a_video_that_breaks_off_is_refused(tmp_path: Path, astronaut: Pixels, name: str, share: float) -> None:
    mux = {"movflags": "+faststart"} if name == "fast.mp4" else {}
    path = film(tmp_path / name, pan(astronaut, 100), mux=mux, codec="mpeg4" if "avi" in name else "libx264")
    assert len(frames_of(path)) == 100
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(SourceError):
        frames_of(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_a_video_that_begins_late_is_whole_and_is_missed_where_it_breaks_off(
    tmp_path: Path, astronaut: Pixels, name: str
) -> None:
    late = [4000 + 40 * index for index in range(100)]
    codec = "libvpx-vp9" if "webm" in name else "libx264"
    options = {"deadline": "realtime", "cpu-used": "8"} if "webm" in name else {"preset": "ultrafast"}
    path = film(tmp_path / name, pan(astronaut, 100), times=late, codec=codec, options=options)
    assert len(frames_of(path)) == 100 == probe(path).frames
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError):
        frames_of(path)


def test_damage_in_the_middle_is_refused_and_the_frame_named(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 100))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"frame \d+"):
        frames_of(path)


def test_a_full_disk_is_a_target_error(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 60))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limit[1]))
    try:
        with pytest.raises(TargetError, match="full"):
            write(tmp_path / "b.mp4", read(probe(path)), probe(path), Output(crf=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_failure_among_the_frames_comes_through(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "a.mp4", pan(astronaut, 10))

    def broken() -> Iterator[Frame]:
        yield next(read(probe(path)))
        raise SourceError("no more")

    with pytest.raises(SourceError, match="no more"):
        write(tmp_path / "b.mp4", broken(), probe(path), Output())


def test_a_stopped_reader_lets_go(tmp_path: Path, astronaut: Pixels) -> None:
    frames = read(probe(film(tmp_path / "a.mp4", pan(astronaut, 30))))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
