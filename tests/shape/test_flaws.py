"""What makes a donor look wrong on somebody is told by its texture: a moustache, halves that differ."""

from __future__ import annotations

import cv2
import numpy as np

from visard.methods.donors import bank
from visard.shape.mesh import canonical
from visard.shape.texture import lopsidedness, upper_lip
from visard.types import Pixels

TWELVE = range(0, 1536, 128)


def smudged(texture: Pixels, *vertices: int) -> Pixels:
    """Return the texture with a dark, soft patch over the hull of some vertices."""
    patch = np.zeros(texture.shape[:2], np.float32)
    cv2.fillConvexPoly(patch, cv2.convexHull(np.round(canonical().uv[list(vertices)]).astype(np.int32)), (1.0,))
    soft = cv2.GaussianBlur(patch, (0, 0), 2.0)[..., None]
    return np.asarray(texture * (1 - 0.6 * soft), np.uint8)


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
