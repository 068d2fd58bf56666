"""Haze has no edge, keeps no detail, and takes nothing from others."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from visard.hider import Hider
from visard.methods.blur import Blur
from visard.methods.haze import Haze
from visard.paste import paste
from visard.policy import Policy, Rule
from visard.types import Box, Frame, Patch, Pixels, Region

from ..conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 1.0)


def patch_of(pixels: Pixels, region: Region = FACE) -> Patch:
    patch = Hider(Policy({"face": Rule("haze")})).patch(Frame(pixels), region)
    assert patch is not None
    return patch


def rim(pixels: Pixels, patch: Patch, new: Pixels) -> float:
    """Return how far colours just inside the mask lie from those just outside, in grey levels."""
    canvas = Frame(pixels.copy())
    paste(canvas, patch, new)
    x, y = (int(v) for v in patch.to_frame[:, 2])
    shown = canvas.pixels[y : y + patch.mask.shape[0], x : x + patch.mask.shape[1]].astype(np.float32)
    covered = (patch.mask > 0).astype(np.uint8)
    inner = covered & (cv2.erode((patch.mask >= 1).astype(np.uint8), np.ones((9, 9))) == 0)
    outer = cv2.dilate(covered, np.ones((9, 9))) & (covered == 0)
    means, near = [], np.ones(covered.shape, bool)
    for place in (inner, outer):
        share = cv2.blur(place.astype(np.float32), (15, 15))
        means.append(cv2.blur(shown * place[..., None], (15, 15)) / np.maximum(share, 1e-3)[..., None])
        near &= share > 0.1
    return float(np.abs(means[0] - means[1])[near].mean())


def test_no_edge_is_seen(astronaut: Pixels) -> None:
    patch = patch_of(astronaut)
    seams = [rim(astronaut, patch, method(patch)) for method in (Haze(), Blur(strength=1.0))]
    assert seams[0] < 0.5 * seams[1]


def test_nothing_finer_than_colours_is_left(astronaut: Pixels) -> None:
    """A face upside down gives the same haze, but for where its light and shade lay."""
    patch = patch_of(astronaut)
    hidden = patch.mask >= 1
    turned = patch.pixels.copy()
    turned[hidden] = turned[hidden][::-1]
    hazes = [Haze()(replace(patch, pixels=pixels)).astype(float)[hidden] for pixels in (patch.pixels, turned)]
    assert (
        np.abs(hazes[0] - hazes[1]).mean() < 0.25 * np.abs(patch.pixels[hidden].astype(float) - turned[hidden]).mean()
    )
    grey = Haze()(patch).astype(np.float32).mean(axis=2)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 3))[cv2.erode(hidden.astype(np.uint8), np.ones((9, 9))) > 0]
    assert fine.mean() < 0.5


def test_others_have_no_part(astronaut: Pixels) -> None:
    patch = patch_of(astronaut)
    others = np.zeros(patch.mask.shape, bool)
    others[:, -30:] = True
    painted = patch.pixels.copy()
    painted[others & (patch.mask == 0)] = (0, 255, 0)
    results = [Haze()(replace(patch, pixels=pixels, others=others)) for pixels in (patch.pixels, painted)]
    assert np.array_equal(results[0][patch.mask > 0], results[1][patch.mask > 0])


def test_a_face_that_fills_the_picture_is_hazy_too(astronaut: Pixels) -> None:
    close = np.ascontiguousarray(astronaut[90:170, 190:260])
    result = Hider(Policy({"face": Rule("haze")}))(Frame(close), [replace(FACE, box=Box(-40, -40, 110, 120))]).pixels
    assert result.shape == close.shape and result.std(axis=(0, 1)).max() < 0.3 * close.std(axis=(0, 1)).min()
