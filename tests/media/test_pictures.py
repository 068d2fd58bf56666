from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.media.making import again, change, film, frames_of
from visard.errors import SourceError
from visard.media.profile import colours_of
from visard.media.read import probe, read
from visard.media.write import Output, suffix, write
from visard.types import Frame, Pixels

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(path: Path, pixels: Any, **options: Any) -> Path:
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(path, **options)
    return path


@pytest.fixture
def small(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[40:200, 150:346])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_every_orientation_is_applied_once(tmp_path: Path, small: Pixels, orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    if kind == "tif":
        path = save(tmp_path / "a.tif", small, tiffinfo={274: orientation})
    else:
        path = save(tmp_path / f"a.{kind}", small, exif=exif, **({"lossless": True} if kind == "webp" else {}))
    shown = (
        Image.fromarray(small)
        if orientation == 1
        else Image.fromarray(small).transpose(Image.Transpose({2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}[orientation]))
    )
    source, (frame,) = probe(path), frames_of(path)
    assert (source.width, source.height) == shown.size == frame.pixels.shape[1::-1]
    assert change(np.asarray(shown), frame.pixels) < 4
    assert not frame.pixels.flags.writeable
    assert frames_of(again(path))[0].pixels.shape == frame.pixels.shape


def test_heic_is_turned_once_and_written_as_heic(tmp_path: Path, small: Pixels) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[274], exif[271] = 6, "Camera"
    path = save(tmp_path / "a.heic", small, quality=90, exif=exif, icc_profile=SRGB)
    shown = small  # HEIF turns by its own boxes, and EXIF's word on it does not count: pillow_heif sees to both
    assert change(frames_of(path)[0].pixels, shown) < 4
    draft = again(path)
    assert probe(draft).format == "HEIF" and change(frames_of(draft)[0].pixels, shown) < 5
    with Image.open(draft) as image:
        assert image.info["icc_profile"] == colours_of(SRGB) and not image.getexif()


def test_depth_that_is_lost_is_told(tmp_path: Path, small: Pixels) -> None:
    coders = [name for name in ("libaom-av1", "libsvtav1") if name in av.codecs_available]
    if not coders:
        pytest.skip("this PyAV codes no AV1")
    path = film(tmp_path / "deep.avif", [small], codec=coders[0], options={}, pix_fmt="yuv420p10le")
    assert probe(path).notes == ("10-bit AVIF is written with 8 bits",)
    assert not probe(save(tmp_path / "a.avif", small, quality=90)).notes


def test_avif(tmp_path: Path, small: Pixels) -> None:
    path = save(tmp_path / "a.avif", small, quality=90)
    assert change(frames_of(again(path))[0].pixels, small) < 6


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_tables_subsampling_and_nearly_every_value(
    tmp_path: Path, astronaut: Pixels, subsampling: int, progressive: bool
) -> None:
    path = save(tmp_path / "a.jpg", astronaut, quality=83, subsampling=subsampling, progressive=progressive,
                icc_profile=SRGB)  # fmt: skip
    draft = again(path)
    with Image.open(path) as a, Image.open(draft) as b:
        from PIL import JpegImagePlugin

        assert a.quantization == b.quantization  # type: ignore[attr-defined]
        assert JpegImagePlugin.get_sampling(a) == JpegImagePlugin.get_sampling(b)
        assert b.info["icc_profile"] == colours_of(SRGB)
    assert change(frames_of(path)[0].pixels, frames_of(draft)[0].pixels) < 0.6


@pytest.mark.parametrize(("name", "colours"), [("a.jpg", 1), ("a.png", 1), ("a.tif", 1), ("a.bmp", 1)])
def test_grey_stays_grey(tmp_path: Path, small: Pixels, name: str, colours: int) -> None:
    path = save(tmp_path / name, small[..., 0])
    assert probe(path).grey
    with Image.open(again(path)) as image:
        assert len(image.getbands()) == colours and image.mode in ("L", "P")
        if name != "a.jpg":
            assert np.array_equal(np.asarray(image.convert("L")), small[..., 0])


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.bmp"])
def test_alpha_is_kept(tmp_path: Path, small: Pixels, name: str) -> None:
    alpha = np.full(small.shape[:2], 255, np.uint8)
    alpha[:40, :50] = np.arange(50)
    if name == "a.bmp":
        path = tmp_path / name
        cv2.imwrite(str(path), np.dstack([small[..., ::-1], alpha]))
    else:
        options: Any = {"lossless": True, "exact": True} if "webp" in name else {}
        path = save(tmp_path / name, np.dstack([small, alpha]), **options)
    frame = frames_of(path)[0]
    assert probe(path).alpha and frame.alpha is not None and np.array_equal(frame.alpha, alpha)
    new = frames_of(again(path))[0]
    assert new.alpha is not None and np.array_equal(new.alpha, alpha) and np.array_equal(new.pixels, small)


@pytest.mark.parametrize("mode", ["LA", "P", "1"])
def test_other_kinds_of_png(tmp_path: Path, small: Pixels, mode: str) -> None:
    picture = Image.fromarray(small).convert(mode)
    path = save(tmp_path / "a.png", picture, **({"transparency": 3} if mode == "P" else {}))
    wanted = np.asarray(Image.open(path).convert("RGBA"))
    for file in (path, again(path)):
        frame = frames_of(file)[0]
        assert np.array_equal(frame.pixels, wanted[..., :3])
        if mode != "1":
            assert frame.alpha is not None and np.array_equal(frame.alpha, wanted[..., 3])
    assert probe(path).grey == (mode in ("LA", "1"))


def test_a_colour_key_is_alpha(tmp_path: Path, small: Pixels) -> None:
    path = save(tmp_path / "a.png", small, transparency=tuple(small[0, 0].tolist()))
    assert frames_of(path)[0].alpha is not None
    assert frames_of(again(path))[0].alpha is not None


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_sixteen_bits_survive_to_the_bit(tmp_path: Path, kind: str, bands: int) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (37, 53, bands), np.uint16)
    path = tmp_path / f"a.{kind}"
    assert cv2.imwrite(str(path), deep)
    source, frame = probe(path), frames_of(path)[0]
    assert source.depth == 16 and source.grey == (bands == 1) and source.alpha == (bands == 4)
    colour = deep[..., :3][..., ::-1]
    assert frame.deep is not None and np.array_equal(frame.deep, np.broadcast_to(colour, (37, 53, 3)))
    assert np.array_equal(frame.pixels, frame.deep >> 8)
    written = cv2.imread(str(again(path)), cv2.IMREAD_UNCHANGED)
    assert written is not None and written.dtype == np.uint16
    assert np.array_equal(written.reshape(deep.shape), deep)


def test_sixteen_bits_grey_with_alpha(tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (5, 7, 2), np.uint16)
    path = tmp_path / "a.png"
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", 7, 5, 16, 4, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    for file in (path, again(path)):
        frame = frames_of(file)[0]
        assert frame.deep is not None and frame.alpha is not None
        assert np.array_equal(frame.deep[..., 1], deep[..., 0]) and np.array_equal(frame.alpha, deep[..., 1])


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_sixteen_bits_keep_their_profile(tmp_path: Path, kind: str) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (32, 32, 3), np.uint16)
    if kind == "png":
        data = cv2.imencode(".png", deep)[1].tobytes()
        content = b"mine\0\0" + zlib.compress(SRGB)
        chunk = struct.pack(">I", len(content)) + b"iCCP" + content
        chunk += struct.pack(">I", zlib.crc32(b"iCCP" + content))
        (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    else:
        import tifffile

        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", iccprofile=SRGB, metadata=None)
    path = tmp_path / f"a.{kind}"
    draft = again(path)
    with Image.open(draft) as image:
        assert image.info["icc_profile"] == colours_of(SRGB)
    assert np.array_equal(frames_of(draft)[0].deep, frames_of(path)[0].deep)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_profiles_survive(tmp_path: Path, small: Pixels, name: str) -> None:
    path = save(tmp_path / name, small, icc_profile=SRGB)
    with Image.open(again(path)) as image:
        assert image.info["icc_profile"] == colours_of(SRGB)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_becomes_srgb_and_says_so(tmp_path: Path, small: Pixels, name: str) -> None:
    path = save(tmp_path / name, Image.fromarray(small).convert("CMYK"))
    assert any("CMYK" in note for note in probe(path).notes)
    assert change(frames_of(path)[0].pixels, small) < 8
    assert probe(again(path)).notes == ()


@pytest.mark.parametrize("kind", ["sixteen bits", "floats", "alpha", "colour"])
def test_tiff_pages_that_the_first_ones_form_cannot_hold_are_refused(tmp_path: Path, small: Pixels, kind: str) -> None:
    """They came out white, black, opaque or grey, and passed every check."""
    grey = small[:, :, 0]
    others: dict[str, Any] = {
        "sixteen bits": grey.astype(np.uint16) * 257,
        "floats": grey / np.float32(255),
        "alpha": np.dstack([small, grey]),
        "colour": small,
    }
    first = Image.fromarray(grey if kind == "colour" else small)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[Image.fromarray(others[kind])])
    with pytest.raises(SourceError, match="page 2 has other samples than the first"):
        probe(tmp_path / "a.tif")


def test_tiff_pages_are_stills_and_may_differ(tmp_path: Path, small: Pixels) -> None:
    pages = [Image.fromarray(small), Image.fromarray(small[:50, :60]), Image.fromarray(small[:, :, 0])]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    path = tmp_path / "a.tif"
    assert probe(path).still and probe(path).frames == 3
    for file in (path, again(path)):
        read_back = frames_of(file)
        assert [f.pixels.shape for f in read_back] == [(160, 196, 3), (50, 60, 3), (160, 196, 3)]
        assert np.array_equal(read_back[0].pixels, small)
        assert np.array_equal(read_back[2].pixels[..., 1], small[..., 0])


def moving(small: Pixels, count: int = 4) -> list[Image.Image]:
    shifted = [np.roll(small[:64, :64], 5 * i, 1) for i in range(count)]
    return [Image.fromarray(p).quantize(64).convert("RGB") for p in shifted]


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_animations_keep_times_loop_and_number(tmp_path: Path, small: Pixels, kind: str) -> None:
    pictures = moving(small)
    options: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
    path = tmp_path / f"a.{kind}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[40, 100, 250, 70], loop=3, **options)
    source = probe(path)
    assert not source.still and source.frames == 4
    for file in (path, again(path)):
        frames = frames_of(file)
        assert np.allclose([f.time for f in frames], [0, 0.04, 0.14, 0.39])
        assert all(np.array_equal(f.pixels, np.asarray(p)) for f, p in zip(frames, pictures, strict=True))
        with Image.open(file) as image:
            assert image.info["loop"] == 3
            image.seek(3)
            image.load()
            assert image.info["duration"] == 70


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_frames_that_hiding_made_alike_are_not_merged_away(tmp_path: Path, small: Pixels, kind: str) -> None:
    pictures = moving(small)
    path = tmp_path / f"a.{kind}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50)
    alike = [Frame(np.zeros((64, 64, 3), np.uint8), i, i * 0.05) for i in range(4)]
    assert len(frames_of(again(path, frames=alike))) == 4


def test_a_transparent_gif_stays_transparent(tmp_path: Path, small: Pixels) -> None:
    pictures = []
    for i in range(3):
        rgba = np.dstack([np.asarray(moving(small)[i]), np.zeros((64, 64), np.uint8)])
        rgba[10 * i : 10 * i + 20, :, 3] = 255
        pictures.append(Image.fromarray(rgba))
    path = tmp_path / "a.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50, disposal=2, loop=0)
    before, after = frames_of(path), frames_of(again(path))
    for old, new in zip(before, after, strict=True):
        assert old.alpha is not None and new.alpha is not None and np.array_equal(old.alpha, new.alpha)
        assert np.array_equal(old.pixels[old.alpha > 0], new.pixels[old.alpha > 0])


@pytest.mark.parametrize("pages", [1, 3])
def test_a_gif_is_clear_over_any_colour(tmp_path: Path, small: Pixels, pages: int) -> None:
    """Over white, as most drawings are: it came back black, which nobody sees, and the file was refused for it."""
    pictures = [Image.new("RGBA", (120, 100), (255, 255, 255, 0)) for _ in range(pages)]
    for i, picture in enumerate(pictures):
        picture.paste(Image.fromarray(small), (10 * i, 10))
    path = tmp_path / "a.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50)
    before, after = frames_of(path), frames_of(again(path))
    assert len(before) == pages
    for old, new in zip(before, after, strict=True):
        assert old.alpha is not None and new.alpha is not None and (old.alpha == 0).sum() > 1000
        assert np.array_equal(old.alpha, new.alpha) and np.array_equal(old.pixels, new.pixels)


def test_lossless_webp_stays_lossless_and_lossy_lossy(tmp_path: Path, small: Pixels) -> None:
    exact = save(tmp_path / "a.webp", small, lossless=True)
    assert np.array_equal(frames_of(again(exact))[0].pixels, small)
    lossy = save(tmp_path / "b.webp", small, quality=80)
    assert b"VP8 " in again(lossy).read_bytes()[:40]


def test_a_jpeg_named_png_is_a_jpeg(tmp_path: Path, small: Pixels) -> None:
    path = save(tmp_path / "a.png", small, format="JPEG")
    assert probe(path).format == "JPEG"
    assert again(path).read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize("shape", [(2, 30000), (30000, 2), (1, 1)])
def test_strips_and_dots(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = save(tmp_path / "a.jpg", np.zeros((*shape, 3), np.uint8))
    assert frames_of(again(path))[0].pixels.shape == (*shape, 3)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.gif", "a.bmp", "b.png", "b.tif"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_cut_off_picture_is_refused(tmp_path: Path, small: Pixels, name: str, share: float) -> None:
    path = tmp_path / name
    if name.startswith("b"):
        cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 65536, (90, 90, 3), np.uint16))
    else:
        save(path, small)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(SourceError) as caught:
        frames_of(path)
    assert str(path) in str(caught.value) and caught.value.hint


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"]), seed=st.integers(0, 10**6))
def test_damaged_bytes_give_frames_or_one_clear_line(tmp_path: Path, astronaut: Pixels, kind: str, seed: int) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut[:48, :48]).save(file, kind)
    data, rng = bytearray(file.getvalue()), np.random.default_rng(seed)
    for at in rng.integers(0, len(data), 8):
        data[at] = rng.integers(0, 256)
    path = tmp_path / "damaged"
    path.write_bytes(data)
    try:
        assert frames_of(path)
    except SourceError as error:
        assert "\n" not in str(error)


def test_what_is_no_picture_gets_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello\n" * 200)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "half.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (tmp_path / "secret.jpg").touch(0o000)
    for name in ("text.jpg", "empty.jpg", "half.jpg", "list.m3u8", "missing.jpg", "."):
        with pytest.raises(SourceError) as caught:
            probe(tmp_path / name)
        assert caught.value.hint and caught.value.where


def test_bombs_are_refused_before_they_cost_memory(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(SourceError, match="megapixel"):
        probe(tmp_path / "a.png")


def test_an_animation_of_very_many_pixels_in_all_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("L", (20, 20), 10 * i) for i in range(10)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert probe(tmp_path / "a.gif").frames == 10
    monkeypatch.setattr("visard.media.picture.MOST_PIXELS_IN_ALL", 3999)
    with pytest.raises(SourceError, match="10 frames of this size"):
        probe(tmp_path / "a.gif")


def test_suffixes(photo: Path) -> None:
    assert suffix(probe(photo), Output()) == ".jpg"


def test_a_folder_that_is_gone_is_a_target_error(tmp_path: Path, photo: Path) -> None:
    from visard.errors import TargetError

    with pytest.raises(TargetError):
        write(tmp_path / "none/a.jpg", read(probe(photo)), probe(photo), Output())
