"""Colour profiles: the same colours, and nothing of the device, the day or the person they were made for."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.media.making import again
from visard.media.profile import colours_of
from visard.types import Pixels

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def telling(profile: bytes, name: str = "Alice's screen") -> bytes:
    """Return a profile as a screen has it: with a name, a maker, a serial number, and a curve that is its own."""
    (count,) = struct.unpack(">I", profile[128:132])
    tags = {}
    for at in range(132, 132 + 12 * count, 12):
        tag, start, size = struct.unpack(">4sII", profile[at : at + 12])
        tags[tag] = profile[start : start + size]
    text = name.encode("utf-16-be")
    tags[b"desc"] = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
    tags |= {b"mmod": b"mmod\0\0\0\0SERIAL-0042", b"dmnd": b"text\0\0\0\0MAKER\0"}
    table, body = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I", 128 + len(table) + len(body)) + profile[4:48] + b"MAKEMODL" + profile[56:80] + b"MINE"
    return header + profile[84:128] + table + body


def opened(profile: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


def test_nothing_but_colours_is_left() -> None:
    told = telling(SRGB)
    assert "Alice" in ImageCms.getProfileDescription(opened(told))
    kept = colours_of(told)
    assert kept is not None and colours_of(kept) == kept == colours_of(telling(SRGB, "Bob's"))
    for trace in (b"SERIAL", b"MAKE", b"MODL", b"MINE", b"A\0l\0i\0c\0e", b"Alice", b"lcms"):
        assert trace not in kept
    assert not any(kept[24:36]) and not any(kept[84:128])


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB (1998)"])
def test_names_of_colour_spaces_stay(name: str) -> None:
    kept = colours_of(telling(SRGB, name))
    assert kept is not None and ImageCms.getProfileDescription(opened(kept)).strip() == name


def test_the_colours_are_the_same() -> None:
    kept = colours_of(telling(SRGB))
    assert kept is not None
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8))
    lab = ImageCms.createProfile("LAB")
    both = [ImageCms.profileToProfile(picture, opened(p), lab, outputMode="LAB") for p in (SRGB, kept)]
    assert all(both) and both[0].tobytes() == both[1].tobytes()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic", "a.avif", "moving.webp"])
def test_no_file_keeps_what_tells(tmp_path: Path, astronaut: Pixels, name: str) -> None:
    small = Image.fromarray(np.ascontiguousarray(astronaut[40:200, 150:346]))
    more: dict[str, Any] = {"save_all": True, "append_images": [small.rotate(180)]} if name == "moving.webp" else {}
    if name == "a.heic":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    small.save(tmp_path / name, icc_profile=telling(SRGB), **more)
    draft = again(tmp_path / name)
    with Image.open(draft) as image:
        assert image.info["icc_profile"] == colours_of(telling(SRGB))
    assert b"SERIAL" not in draft.read_bytes()


@given(st.binary(max_size=400))
def test_hostile_bytes_are_no_profile_or_a_clean_one(data: bytes) -> None:
    for profile in (data, SRGB[:200] + data, SRGB[:36] + b"acsp" + data):
        kept = colours_of(profile)
        assert kept is None or colours_of(kept) == kept
