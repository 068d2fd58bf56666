"""Pixels come back to the bit, each to whom it belongs; wherever the seal lies, the picture keeps its bytes."""

from __future__ import annotations

import io
import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.media.making import film
from visard.errors import SealError
from visard.hider import Hider
from visard.media.lossless import write_lossless
from visard.media.metadata import tags
from visard.media.profile import colours_of
from visard.media.read import probe, read
from visard.media.seals import MAGIC
from visard.policy import Policy, Rule
from visard.shape.mask import outline, window
from visard.types import Box, Frame, Pixels, Region
from visard.vault import carrier
from visard.vault.layout import SEVERAL
from visard.vault.pieces import from_record, pixel_hash, put_back, take

boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.floats(-20, 70),
    st.floats(-20, 50),
    st.floats(1, 60),
    st.floats(1, 60),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(boxes, st.integers(0, 4)), max_size=6),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.booleans(),
    st.sampled_from(["oval", "box"]),
    st.sampled_from(["fill", "haze", "blur", "pixelate", "noise", "impulse", "darken", "svd"]),
)
def test_any_regions_come_back_to_the_bit_and_nobody_elses_with_them(
    found: list[tuple[Box, int]], size: tuple[int, int], deep: bool, shape: str, method: str
) -> None:
    rng = np.random.default_rng(len(found))
    pixels = rng.integers(0, 256, (*size, 3), np.uint8)
    frame = Frame(pixels, deep=pixels.astype(np.uint16) * 257 if deep else None)
    policy = Policy({"face": Rule(method, shape=shape)})  # type: ignore[arg-type]  # one of two
    regions = [Region("face", box, 1.0, track=track) for box, track in found]
    hidden = Hider(policy)(frame, regions)
    pieces = [(number, from_record(piece.record())) for number, piece in take(frame, regions, policy)]
    (back,) = put_back([hidden], iter([piece for _, piece in pieces]))
    assert np.array_equal(back.pixels, frame.pixels)
    assert frame.deep is None or (back.deep is not None and np.array_equal(back.deep, frame.deep))
    for one in {track for _, track in found}:
        (alone,) = put_back([hidden], iter([piece for number, piece in pieces if number == one]))
        for other in (region for region in regions if region.track != one):
            cells = window(other, policy.rules["face"], *size)
            theirs = outline(other, policy.rules["face"], cells) > 0
            assert np.array_equal(alone.pixels[cells][theirs], hidden.pixels[cells][theirs])


def test_overlapping_people_share_a_seal_of_their_own() -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (100, 100, 3), np.uint8)
    policy = Policy({"face": Rule("fill", margin=0, shape="box")})
    regions = [Region("face", Box(10, 10, 60, 60), 1.0, track=1), Region("face", Box(40, 40, 90, 90), 1.0, track=2)]
    parts = dict(take(Frame(pixels), regions, policy))
    assert set(parts) == {1, 2, SEVERAL}
    covered = np.zeros((100, 100), int)
    for piece in parts.values():
        height, width = piece.own.shape
        covered[piece.y : piece.y + height, piece.x : piece.x + width] += piece.own
    assert covered.max() == 1, "no pixel is sealed twice"
    assert covered[50, 50] and not parts[1].own[50 - parts[1].y, 50 - parts[1].x]


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "mp4"])
@pytest.mark.parametrize("size", [200, 300_000])
def test_a_seal_lies_in_a_file_and_the_rest_keeps_its_bytes(
    tmp_path: Path, astronaut: Pixels, kind: str, size: int
) -> None:
    path, seal = tmp_path / f"a.{kind}", tmp_path / "seal"
    if kind == "mp4":
        film(path, [astronaut[:64, :96]] * 3)
    else:
        Image.fromarray(astronaut[:64, :96]).save(path)
    clean, before = path.read_bytes(), pixel_hash(read(probe(path)))
    assert carrier.has_room(path)
    with pytest.raises(SealError, match="holds no seal"):
        carrier.find(path)
    for byte in (b"a", b"b"):  # the second takes the place of the first
        seal.write_bytes(MAGIC + byte * size)
        carrier.embed(path, seal)
        file = carrier.find(path)()
        assert file.read() == MAGIC + byte * size
        file.seek(4)
        assert file.read(4) == MAGIC[4:]
        file.close()
        assert pixel_hash(read(probe(path))) == before
    assert len(path.read_bytes()) < len(clean) + size + 200 + 30 * (size // 65_000 + 1)
    if kind in ("png", "mp4"):
        assert path.read_bytes().startswith(clean[: -12 if kind == "png" else None])


def test_what_another_program_put_behind_a_seal_keeps_its_place(tmp_path: Path, astronaut: Pixels) -> None:
    """It was cut off with the old seal; what is left of that is nothing."""
    path, seal = tmp_path / "a.mp4", tmp_path / "seal"
    film(path, [astronaut[:64, :96]] * 3)
    other = struct.pack(">I4s", 24, b"uuid") + b"somebody else's!"
    seal.write_bytes(MAGIC + b"a" * 3000)
    carrier.embed(path, seal)
    path.write_bytes(before := path.read_bytes() + other)
    seal.write_bytes(MAGIC + b"b" * 200)
    carrier.embed(path, seal)
    after = path.read_bytes()
    assert after[len(before) - 24 : len(before)] == other and b"aaa" not in after
    assert carrier.content(path) == MAGIC + b"b" * 200
    assert tags(path) == ["box:uuid"], "the old seal's place is empty"


def test_what_has_no_room_gets_a_file_beside(tmp_path: Path, astronaut: Pixels) -> None:
    path = tmp_path / "a.bmp"
    Image.fromarray(astronaut[:64, :96]).save(path)
    assert not carrier.has_room(path)
    carrier.sidecar(path).write_bytes(MAGIC + b"x")
    assert carrier.place(path) == tmp_path / "a.bmp.visard"
    with closing(carrier.find(path)()) as file:
        assert file.read() == MAGIC + b"x"


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_what_comes_back_of_an_animation_is_an_animated_png(tmp_path: Path, astronaut: Pixels, kind: str) -> None:
    path, back = tmp_path / f"a.{kind}", tmp_path / "back.png"
    frames = [Image.fromarray(astronaut[i : 64 + i, :96]) for i in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    source = probe(path)
    write_lossless(back, read(source), source)
    assert pixel_hash(read(probe(back))) == pixel_hash(read(source))
    with Image.open(back) as image:
        assert getattr(image, "n_frames", 1) == 3 and image.info["duration"] == 100


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_what_comes_back_of_a_video_is_lossless(tmp_path: Path, astronaut: Pixels, pix_fmt: str) -> None:
    path, back = (
        film(tmp_path / "a.mp4", [astronaut[i : 64 + i, :96] for i in range(5)], pix_fmt=pix_fmt),
        tmp_path / "b.mkv",
    )
    source = probe(path)
    write_lossless(back, read(source), source)
    again = list(read(probe(back)))
    for one, two in zip(read(source), again, strict=True):
        assert np.array_equal(one.pixels, two.pixels) and one.time == pytest.approx(two.time, abs=2e-3)
        assert one.deep is None or (two.deep is not None and np.array_equal(one.deep, two.deep))


def test_the_colour_profile_comes_back_too(tmp_path: Path, astronaut: Pixels) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path, back = tmp_path / "a.jpg", tmp_path / "b.png"
    Image.fromarray(astronaut).save(path, icc_profile=profile)
    write_lossless(back, read(probe(path)), probe(path))
    with Image.open(io.BytesIO(back.read_bytes())) as image:
        assert image.info["icc_profile"] == colours_of(profile)
