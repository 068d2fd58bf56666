from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.media.making import again
from visard.errors import UsageError
from visard.media.metadata import SAFE_TAGS, tags
from visard.media.write import Output
from visard.types import Pixels


def planted() -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[315], exif[270] = "Camera", "Anna", "Anna at home"
    exif.get_ifd(0x8769).update({36867: "2024:05:01 10:00:00", 37500: b"MAKER\0secret", 33434: 0.02, 42033: "SN-77"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 0.0), 3: "E", 4: (2.0, 21.0, 0.0)})
    return exif


@pytest.fixture
def small(astronaut: Pixels) -> Image.Image:
    return Image.fromarray(astronaut[:96, :96])


def test_clean_files_have_no_tags(tmp_path: Path, small: Image.Image) -> None:
    for name in ("a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tif"):
        small.save(tmp_path / name)
        assert tags(again(tmp_path / name)) == [], name


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.heic", "a.tif"])
def test_exif_is_found_tag_by_tag_and_does_not_survive(tmp_path: Path, small: Image.Image, name: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / name
    small.save(path, exif=planted())
    found = " ".join(tags(path))
    shot = () if name == "a.tif" else ("MakerNote", "GPSLatitude", "DateTimeOriginal")  # Pillow writes one table
    for word in ("Make", "Artist", "ImageDescription", *shot):
        assert word in found, word
    draft = again(path)
    assert tags(draft) == []
    assert not any(word in draft.read_bytes() for word in (b"Anna", b"secret", b"SN-77", b"2024:05"))


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize(
    "extra",
    [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>Anna</x:xmpmeta>"),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x04Anna"),
        segment(0xFE, b"Anna"),
        segment(0xE4, b"Anna"),
        segment(0xE2, b"FPXR\0Anna"),
        segment(0xE0, b"JFXX\0\x13Anna"),
    ],
    ids=["xmp", "iptc", "comment", "app4", "fpxr", "jfxx"],
)
def test_jpeg_segments_are_found_and_gone(tmp_path: Path, small: Image.Image, extra: bytes) -> None:
    path = tmp_path / "a.jpg"
    small.save(path)
    data = path.read_bytes()
    path.write_bytes(data[:20] + extra + data[20:])
    assert len(tags(path)) == 1
    draft = again(path)
    assert tags(draft) == [] and b"Anna" not in draft.read_bytes()


def test_an_exif_thumbnail_is_found(tmp_path: Path, small: Image.Image) -> None:
    small.rotate(30).save(tmp_path / "t.jpg")
    thumbnail = (tmp_path / "t.jpg").read_bytes()
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14)
    tiff += struct.pack("<H", 2) + struct.pack("<HHII", 513, 4, 1, 44) + struct.pack("<HHII", 514, 4, 1, len(thumbnail))
    tiff += struct.pack("<I", 0)
    small.save(tmp_path / "a.jpg", exif=b"Exif\0\0" + tiff.ljust(44, b"\0") + thumbnail)
    assert any("humbnail" in tag or "JPEGInterchange" in tag or "JpegIF" in tag for tag in tags(tmp_path / "a.jpg"))
    draft = again(tmp_path / "a.jpg")
    assert tags(draft) == [] and thumbnail[-300:] not in draft.read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp"])
def test_bytes_behind_the_picture_are_found_and_gone(tmp_path: Path, small: Image.Image, name: str) -> None:
    path = tmp_path / name
    small.save(path)
    with path.open("ab") as file:
        file.write(b"Anna's other picture \xff\xd9")
    assert tags(path)
    draft = again(path)
    assert tags(draft) == [] and b"Anna" not in draft.read_bytes()


def test_png_texts_and_unknown_chunks(tmp_path: Path, small: Image.Image) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Anna")
    info.add_itxt("XML:com.adobe.xmp", "Anna")
    info.add(b"tIME", b"\x07\xe8\x05\x01\x0a\0\0")
    info.add(b"juNk", b"Anna")
    small.save(tmp_path / "a.png", pnginfo=info)
    assert len(tags(tmp_path / "a.png")) == 4
    draft = again(tmp_path / "a.png")
    assert tags(draft) == [] and b"Anna" not in draft.read_bytes()


def test_a_png_keeps_how_its_colours_are_meant(tmp_path: Path, small: Image.Image) -> None:
    small.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    gamma = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 100000)
    gamma += struct.pack(">I", zlib.crc32(gamma[4:]))
    (tmp_path / "a.png").write_bytes(data[:33] + gamma + data[33:])
    assert gamma in again(tmp_path / "a.png").read_bytes()


def test_webp_and_gif_extras(tmp_path: Path, small: Image.Image) -> None:
    small.save(tmp_path / "a.webp", xmp=b"<x>Anna</x>", exif=planted())
    small.save(tmp_path / "a.gif", comment=b"Anna")
    for name in ("a.webp", "a.gif"):
        assert tags(tmp_path / name)
        draft = again(tmp_path / name)
        assert tags(draft) == [] and b"Anna" not in draft.read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic"])
def test_tags_asked_for_by_name_are_kept_alone(tmp_path: Path, small: Image.Image, name: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    if name == "a.tif":
        import tifffile

        tifffile.imwrite(tmp_path / name, np.asarray(small), photometric="rgb", metadata=None,
                         extratags=[(315, "s", 0, "Anna", True), (305, "s", 0, "secret", True)])  # fmt: skip
        assert "exif:Software" in tags(tmp_path / name)
    else:
        small.save(tmp_path / name, exif=planted())
    shot = [] if name == "a.tif" else ["ExposureTime"]
    draft = again(tmp_path / name, Output(keep_metadata=("Artist", "ExposureTime")))
    assert sorted(t.split(":")[-1] for t in tags(draft)) == ["Artist", *shot]
    assert b"secret" not in draft.read_bytes()
    with Image.open(draft) as image:
        exif = image.getexif()
        assert exif[315] == "Anna"
        assert not shot or np.isclose(float(exif.get_ifd(0x8769)[33434]), 0.02)


@pytest.mark.parametrize(
    "name", ["GPSInfo", "MakerNote", "UserComment", "ImageDescription", "BodySerialNumber", "Artst"]
)
def test_unsafe_and_unknown_names_are_refused(tmp_path: Path, small: Image.Image, name: str) -> None:
    small.save(tmp_path / "a.jpg")
    with pytest.raises(UsageError, match=name):
        again(tmp_path / "a.jpg", Output(keep_metadata=(name,)))
    assert name not in SAFE_TAGS


def test_a_long_value_hides_nothing(tmp_path: Path, small: Image.Image) -> None:
    exif: Any = Image.Exif()
    exif[315] = "A" * 5000
    small.save(tmp_path / "a.jpg", exif=exif)
    assert tags(again(tmp_path / "a.jpg", Output(keep_metadata=("Artist",)))) == []
