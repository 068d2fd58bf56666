"""Plates and lines of text: nothing legible stays, shape, colours and light do, and no real letter comes out."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.methods import make
from visard.policy import default_rule
from visard.shape.align import cut
from visard.types import Box, Frame, Kind, Patch, Pixels, Points, Region

from ..signs import Drawn, car


def patch_of(drawn: Drawn, kind: Kind = "plate", seed: int = 3) -> Patch:
    low, high = drawn.corners.min(axis=0), drawn.corners.max(axis=0)
    region = Region(kind, Box(*low.tolist(), *high.tolist()), 0.9, drawn.corners)
    patch = cut(Frame(drawn.pixels), region, default_rule(kind), seed)
    assert patch is not None
    return patch


def flat(pixels: Pixels, corners: Points) -> Pixels:
    """The sign straight on, 200 x 44."""
    target = np.array([[0, 0], [200, 0], [200, 44], [0, 44]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (200, 44)), np.uint8)


def letters(pixels: Pixels) -> np.ndarray:
    grey = pixels[6:-6, 10:-10].mean(axis=2)
    return np.asarray(grey - grey.mean())


METHODS: list[Kind] = ["plate", "text"]


@pytest.mark.parametrize("name", METHODS)
def test_the_number_has_no_say_in_the_letters(name: Kind) -> None:
    """Two cars with other numbers of the same ink get the same sign: what it says cannot be told from it."""
    one, two = (patch_of(car(number), name) for number in ("RK 248AH", "HA 842KR"))
    new = [make(name)(patch).astype(int) for patch in (one, two)]
    assert np.abs(new[0] - new[1]).mean() < 4


@pytest.mark.parametrize("name", METHODS)
def test_the_old_letters_are_gone_and_others_stand_there(name: Kind) -> None:
    drawn = car()
    patch = patch_of(drawn, name)
    assert patch.points is not None
    was, now = (letters(flat(pixels, patch.points)) for pixels in (patch.pixels, make(name)(patch)))
    likeness = float((was * now).sum() / np.sqrt((was**2).sum() * (now**2).sum()))
    assert likeness < 0.5 and now.std() > 20


@pytest.mark.parametrize("name", METHODS)
def test_light_and_ground_stay(name: Kind) -> None:
    for light in (1.0, 0.4):
        patch = patch_of(car(light=light), name)
        assert patch.points is not None
        was, now = (flat(pixels, patch.points) for pixels in (patch.pixels, make(name)(patch)))
        assert abs(np.quantile(was.astype(float), 0.8) - np.quantile(now.astype(float), 0.8)) < 25


@pytest.mark.parametrize("name", METHODS)
def test_two_signs_differ(name: Kind) -> None:
    patch = patch_of(car(), name)
    assert (make(name)(patch) != make(name)(replace(patch, seed=4))).mean() > 0.02


@pytest.mark.parametrize("name", METHODS)
def test_edge_on_the_surroundings_go_on(name: Kind) -> None:
    drawn = car()
    thin = drawn.corners.copy()
    thin[2:, 1] = thin[:2, 1][::-1] + 2
    patch = patch_of(Drawn(drawn.pixels, thin), name)
    new = make(name)(patch)
    assert new.shape == patch.pixels.shape and np.abs(new[patch.mask >= 1] - patch.pixels[patch.mask >= 1]).mean() > 5
