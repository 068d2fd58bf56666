"""Nothing that identifies survives, and the scanner that says so would notice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from visard.errors import UsageError
from visard.media.metadata import tags
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.types import Pixels
from visard.verify.tags import check_tags


def telling_exif(astronaut: Pixels) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B], exif[0x8298] = "Maker", "Model 7", "A. Name", "(c) A. Name"
    exif[0x010E], exif[0x9C9D] = "Me and my neighbour", b"N\x00"
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0x927C], inner[0xA431], inner[0x9286] = "2026:01:02 03:04:05", b"secret", "SN 1", b"hi"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 3.0, 0.0), 3: "E", 4: (15.0, 0.0, 0.0)})
    return exif


def telling(path: Path, astronaut: Pixels) -> Path:
    """Write a picture with everything in it that gives someone away."""
    image, exif = Image.fromarray(astronaut), telling_exif(astronaut)
    if path.suffix == ".jpg":
        image.save(path, exif=exif, comment=b"a comment", xmp=b"<x:xmpmeta>me</x:xmpmeta>")
        data = path.read_bytes()
        thumb = b"\xff\xed\x00\x14Photoshop 3.0\x008BIM"
        path.write_bytes(data[:2] + thumb + data[2:] + b"a film at the end")
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Author", "A. Name")
        info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
        image.save(path, exif=exif, pnginfo=info)
    elif path.suffix == ".gif":
        image.convert("P").save(path, comment=b"me")
    elif path.suffix == ".tif":
        image.save(path, exif=exif, description="me at home")
    else:
        image.save(path, exif=exif, xmp=b"<x:xmpmeta>me</x:xmpmeta>")
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.tif", "a.heic"])
def test_everything_telling_is_noticed_and_then_gone(tmp_path: Path, astronaut: Pixels, name: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = telling(tmp_path / name, astronaut)
    assert tags(path), "a scanner that sees nothing here proves nothing there"
    source = probe(path)
    draft = tmp_path / f"draft{path.suffix}"
    write(draft, read(source), source, Output())
    assert tags(draft) == []
    assert check_tags(draft).passed and not check_tags(path).passed
    assert b"A. Name" not in draft.read_bytes() and b"xmpmeta" not in draft.read_bytes()


def test_each_telling_part_of_a_jpeg_has_a_name(tmp_path: Path, astronaut: Pixels) -> None:
    found = " | ".join(tags(telling(tmp_path / "a.jpg", astronaut)))
    for part in (
        "GPS",
        "MakerNote",
        "comment",
        "APP1 http",
        "APP13 Photoshop",
        "bytes after the picture",
        "BodySerial",
    ):
        assert part in found, found


def test_a_thumbnail_is_noticed(tmp_path: Path, astronaut: Pixels) -> None:
    import struct

    small = tmp_path / "small.jpg"
    Image.fromarray(np.ascontiguousarray(astronaut[::8, ::8])).save(small)
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HI", 0, 14) + struct.pack("<HHHIII", 1, 0x0201, 4, 1, 32, 0)
    exif = b"Exif\x00\x00" + tiff + small.read_bytes()
    data = small.read_bytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    assert "Exif thumbnail" in tags(path)


def test_a_named_safe_tag_is_kept_and_no_other(tmp_path: Path, astronaut: Pixels) -> None:
    source = probe(telling(tmp_path / "a.jpg", astronaut))
    names = ("DateTimeOriginal", "Copyright")
    write(tmp_path / "b.jpg", read(source), source, Output(keep_metadata=names))
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.getexif()[0x8298] == "(c) A. Name"
        assert image.getexif().get_ifd(0x8769) == {0x9003: "2026:01:02 03:04:05"}
    assert sorted(tags(tmp_path / "b.jpg")) == ["Copyright", "Exif DateTimeOriginal"]
    assert check_tags(tmp_path / "b.jpg", names).passed
    assert not check_tags(tmp_path / "b.jpg", ("Copyright",)).passed


@pytest.mark.parametrize("name", ["GPSInfo", "MakerNote", "UserComment", "ImageDescription", "BodySerialNumber", "X"])
def test_tags_that_can_identify_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Output(keep_metadata=(name,))
