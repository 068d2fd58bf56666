"""What is told by the texture: a moustache, halves that differ, dark glasses, skin in the light and in the shade."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visard.methods.donors import TRAITS, bank
from visard.shape.mesh import canonical
from visard.shape.texture import covered, lopsidedness, mouth_in_sight, shades, skin, skin_tone, upper_lip, worn
from visard.types import Pixels

TWELVE = range(0, 1536, 128)


LEFT, RIGHT = (
    (33, 226, 31, 117, 118, 101, 47, 174, 188, 193, 52),
    (263, 446, 261, 346, 347, 330, 277, 399, 412, 417, 282),
)


def smudged(texture: Pixels, *vertices: int, dark: float = 0.6) -> Pixels:
    """Return the texture with a dark, soft patch over the hull of some vertices."""
    patch = np.zeros(texture.shape[:2], np.float32)
    cv2.fillConvexPoly(patch, cv2.convexHull(np.round(canonical().uv[list(vertices)]).astype(np.int32)), (1.0,))
    soft = cv2.GaussianBlur(patch, (0, 0), 2.0)[..., None]
    return np.asarray(texture * (1 - dark * soft), np.uint8)


def test_a_moustache_darkens_the_upper_lip() -> None:
    for donor in TWELVE:
        texture = bank().texture(donor)
        assert upper_lip(smudged(texture, 98, 2, 327, 391, 0, 165)) < min(0.79, upper_lip(texture) - 0.2)


def test_a_bruised_eye_makes_a_face_crooked_and_light_from_one_side_does_not() -> None:
    ramp = np.linspace(0.6, 1.1, 256)[None, :, None]
    for donor in TWELVE:
        texture = bank().texture(donor)
        usual = lopsidedness(texture)
        assert lopsidedness(smudged(texture, 33, 70, 105, 133, 145)) > usual + 2
        assert lopsidedness(np.asarray(np.clip(texture * ramp, 0, 255), np.uint8)) < usual + 3
        assert np.isclose(lopsidedness(np.ascontiguousarray(texture[:, ::-1])), usual, rtol=0.05)


def test_most_faces_of_the_bank_are_straight() -> None:
    assert np.mean([lopsidedness(bank().texture(donor)) <= 9.0 for donor in range(0, 1536, 24)]) > 0.5


def test_dark_glasses_are_told_from_eyes_and_from_one_eye_in_the_shade() -> None:
    for donor in TWELVE:
        texture = bank().texture(donor)
        one = smudged(texture, *LEFT, dark=0.8)
        both = shades(smudged(one, *RIGHT, dark=0.8))
        assert not shades(texture).any() and not shades(one).any()
        assert 0.05 < both.mean() < 0.25 and both[: len(both) // 8].max() == both[-len(both) // 3 :].max() == 0


def test_behind_dark_glasses_people_are_taken_for_who_they_are() -> None:
    sexes, ages = [], []
    for donor in range(0, 1536, 16):
        texture = bank().texture(donor)
        dark = smudged(smudged(texture, *LEFT, dark=0.8), *RIGHT, dark=0.8)
        (sex, age), (sex_seen, age_seen) = (bank().reader(each, None)[:2].tolist() for each in (texture, dark))
        sexes.append((sex > 0.5) == (sex_seen > 0.5))
        ages.append(abs(age - age_seen))
    assert np.mean(sexes) > 0.85 and np.mean(ages) < 1.0


def masked(texture: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """Return the texture with cloth of a colour from the middle of the nose down."""
    top = int(canonical().uv[5, 1])
    cloth = np.full_like(texture[top:], colour) * (0.8 + 0.2 * np.sin(np.arange(256 - top) / 4))[:, None, None]
    there = texture[top:].any(axis=-1, keepdims=True)
    return np.concatenate([texture[:top], np.where(there, cloth, 0)]).astype(np.uint8)


@pytest.mark.parametrize("colour", [(110, 190, 180), (40, 70, 160), (240, 240, 240), (20, 20, 22)])
def test_a_mask_is_told_from_bare_faces_and_leaves_skin_its_tone(colour: tuple[int, int, int]) -> None:
    told = []
    for donor in range(0, 1536, 64):
        texture = bank().texture(donor)
        behind = masked(texture, colour)
        assert not worn(texture).any() and mouth_in_sight(1 - covered(texture))
        told.append(worn(behind).mean() > 0.2)
        if told[-1]:
            assert not mouth_in_sight(1 - covered(behind))
            assert np.linalg.norm((skin_tone(behind) - skin_tone(texture))[1:]) < 8
    assert np.mean(told) > 0.8


def test_a_sharp_shadow_on_one_side_leaves_skin_its_tone() -> None:
    shadow = np.where(np.arange(256) < 140, 0.35, 1.0)[None, :, None]
    for donor in TWELVE:
        texture = bank().texture(donor)
        half = np.asarray(texture * shadow, np.uint8)
        if skin_tone(texture)[0] > 175:
            assert abs(skin_tone(half)[0] - skin_tone(texture)[0]) < 25
            assert skin(half, skin_tone(half))[100:170, 160:200].mean() > 0.8


def test_who_stands_in_the_dark_keeps_their_sex() -> None:
    rng = np.random.default_rng(0)
    for donor in TWELVE:
        sex = bank().attributes[donor, 0]
        dim = np.asarray(bank().texture(donor) * 0.4, np.uint8)
        seen = bank().attributes[donor]
        chosen = bank().suited(seen, skin_tone(dim), frozenset(TRAITS), rng)
        assert (bank().attributes[chosen, 0] == sex).mean() > 0.95
