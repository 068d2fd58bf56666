"""Pictures go in upright and come out as they were, but for what was hidden and what identifies."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from visard.errors import SourceError
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.types import Pixels

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def there_and_back(path: Path, output: Output | None = None) -> Path:
    source = probe(path)
    draft = path.with_name(f"draft{path.suffix}")
    write(draft, read(source), source, output or Output())
    return draft


def pixels_of(path: Path) -> list[Pixels]:
    return [frame.pixels for frame in read(probe(path))]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path: Path, astronaut: Pixels, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    Image.fromarray(astronaut[:300]).save(path, exif=exif, quality=95)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    source = probe(path)
    assert (source.height, source.width) == upright.shape[:2]
    assert np.array_equal(pixels_of(path)[0], upright)
    with Image.open(there_and_back(path)) as back:
        assert back.size == (source.width, source.height) and not back.getexif()


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.png", {}), ("a.bmp", {}), ("a.tif", {}), ("a.webp", {"lossless": True}), ("a.jpg", {"quality": 90})],
)
def test_what_is_not_hidden_stays(tmp_path: Path, astronaut: Pixels, name: str, options: dict[str, Any]) -> None:
    path = tmp_path / name
    Image.fromarray(astronaut).save(path, **options)
    before, after = pixels_of(path)[0], pixels_of(there_and_back(path))[0]
    limit = 1.0 if name == "a.jpg" else 0.0
    assert np.abs(before.astype(int) - after).mean() <= limit


def test_jpeg_keeps_quantisation_and_chroma(tmp_path: Path, astronaut: Pixels) -> None:
    for quality, chroma in ((35, 2), (95, 0)):
        path = tmp_path / "a.jpg"
        Image.fromarray(astronaut).save(path, quality=quality, subsampling=chroma)
        with Image.open(path) as one, Image.open(there_and_back(path)) as two:
            assert one.quantization == two.quantization  # type: ignore[attr-defined]
            assert one.layer == two.layer  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_to_the_bit(tmp_path: Path, suffix: str, channels: int) -> None:
    if suffix == ".tif" and channels == 4:
        pytest.skip("OpenCV does not write it")
    deep = np.random.default_rng(0).integers(0, 65536, (40, 50, channels), dtype=np.uint16)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(cv2.imencode(suffix, deep)[1].tobytes())
    source = probe(path)
    assert source.depth == 16 and source.alpha is (channels == 4)
    frame = next(iter(read(source)))
    assert frame.deep is not None and np.array_equal(frame.deep >> 8, frame.pixels)
    back = cv2.imdecode(np.fromfile(there_and_back(path), np.uint8), cv2.IMREAD_UNCHANGED)
    assert back is not None and np.array_equal(np.atleast_3d(back), deep)


def test_sixteen_bit_png_keeps_its_profile(tmp_path: Path) -> None:
    from visard.media.encode_picture import _with_profile

    deep = np.full((30, 30, 3), 30_000, np.uint16)
    path = tmp_path / "a.png"
    path.write_bytes(_with_profile(cv2.imencode(".png", deep)[1].tobytes(), SRGB))
    with Image.open(there_and_back(path)) as back:
        assert back.info["icc_profile"] == SRGB


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1"])
def test_grey_alpha_and_palette(tmp_path: Path, astronaut: Pixels, mode: str) -> None:
    image = Image.fromarray(astronaut[::4, ::4]).convert("RGBA" if "A" in mode else "RGB")
    if "A" in mode:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    path = tmp_path / "a.png"
    image.convert(mode).save(path)
    with Image.open(path) as one, Image.open(there_and_back(path)) as two:
        assert two.mode == {"P": "RGB", "1": "L"}.get(mode, mode)
        assert np.array_equal(np.asarray(one.convert("RGBA")), np.asarray(two.convert("RGBA")))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_the_colour_profile_stays(tmp_path: Path, astronaut: Pixels, name: str) -> None:
    Image.fromarray(astronaut).save(tmp_path / name, icc_profile=SRGB)
    with Image.open(there_and_back(tmp_path / name)) as back:
        assert back.info.get("icc_profile") == SRGB


def test_cmyk_becomes_rgb_and_says_so(tmp_path: Path, astronaut: Pixels) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(astronaut).convert("CMYK").save(path, quality=95)
    assert any("CMYK" in note for note in probe(path).notes)
    with Image.open(there_and_back(path)) as back:
        assert back.mode == "RGB"
        assert np.abs(np.asarray(back).astype(int) - astronaut).mean() < 12


def blinking(astronaut: Pixels) -> list[Image.Image]:
    return [Image.fromarray(np.roll(astronaut[::4, ::4], 9 * i, 1)) for i in range(4)]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_moving_pictures_keep_frames_and_durations(tmp_path: Path, astronaut: Pixels, name: str) -> None:
    first, *rest = blinking(astronaut)
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=[50, 100, 150, 200], loop=0)
    source = probe(tmp_path / name)
    assert source.frames == 4 and not source.still
    assert [round(f.time, 2) for f in read(source)] == [0, 0.05, 0.15, 0.3]
    back = there_and_back(tmp_path / name)
    with Image.open(back) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info["duration"])
    assert durations == [50, 100, 150, 200]
    for before, after in zip(pixels_of(tmp_path / name), pixels_of(back), strict=True):
        assert np.abs(before.astype(int) - after).mean() < 6


def test_pages_of_a_tiff_are_no_moments(tmp_path: Path, astronaut: Pixels) -> None:
    first, *rest = blinking(astronaut)
    first.save(tmp_path / "a.tif", save_all=True, append_images=rest)
    assert probe(tmp_path / "a.tif").still
    assert len(pixels_of(there_and_back(tmp_path / "a.tif"))) == 4


def test_heif_in_and_out(tmp_path: Path, astronaut: Pixels) -> None:
    import pillow_heif

    pillow_heif.from_pillow(Image.fromarray(astronaut)).save(tmp_path / "a.heic", quality=95)
    back = there_and_back(tmp_path / "a.heic")
    assert probe(back).format == "HEIF"
    assert np.abs(pixels_of(back)[0].astype(int) - astronaut).mean() < 5


def test_frames_cannot_be_written_to(photo: Path) -> None:
    frame = next(iter(read(probe(photo))))
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0] = 0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".tif", ".bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_torn_picture_is_refused(tmp_path: Path, astronaut: Pixels, suffix: str, share: float) -> None:
    buffer = io.BytesIO()
    name = {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
    Image.fromarray(astronaut).save(buffer, name)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * share)])
    with pytest.raises(SourceError) as caught:
        pixels_of(path)
    assert f"a{suffix}" in str(caught.value) and "\n" not in str(caught.value)
