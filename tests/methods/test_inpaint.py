"""Painting a face anew: from surroundings and landmarks alone, somebody else for another key, the same for the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file, save

from visard.errors import ModelError, Unfit
from visard.found import Found
from visard.hider import Hider
from visard.methods.inpaint import Inpaint
from visard.methods.scene import fill_in, surroundings, upright
from visard.models.inpainter import FILE, inpainter
from visard.policy import Policy, Rule
from visard.shape.align import cut
from visard.shape.landmarks import find_mesh, region_of
from visard.shape.mesh import canonical
from visard.tracing import trace
from visard.types import Box, Frame, Patch, Pixels, Region

from ..conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 0.9, track=1)
WEIGHTS = FILE


def patch_of(pixels: Pixels, seed: int = 1, region: Region = FACE) -> Patch:
    traced = replace(region, mesh=canonical().encode(find_mesh(pixels, region).vertices))
    patch = cut(Frame(pixels), traced, Rule(), seed, Inpaint.around)
    assert patch is not None
    return patch


def hidden(frame: Frame, regions: tuple[Region, ...], seed: int = 0) -> Pixels:
    hider = Hider(Policy({"face": Rule("inpaint")}, seed=seed))
    found = trace(lambda: iter([frame]), Found({0: regions}), hider, still=True)
    return hider(frame, found.at(0)).pixels


def test_a_face_is_found_in_the_old_pose(astronaut: Pixels) -> None:
    new = hidden(Frame(astronaut), (FACE,))
    before, after = find_mesh(astronaut, FACE), find_mesh(new, FACE)
    apart = np.linalg.norm(before.vertices[33, :2] - before.vertices[263, :2])
    error = np.linalg.norm((before.vertices - after.vertices)[:, :2], axis=1).mean() / apart
    assert after.score > 0.9 and error < 0.15


def test_one_key_one_face_another_key_another(astronaut: Pixels) -> None:
    one, again, other = (hidden(Frame(astronaut), (FACE,), seed) for seed in (0, 0, 1))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_what_is_filled_in_is_what_lies_around() -> None:
    colour = np.zeros((64, 64, 3), np.float32)
    colour[:, :32], colour[:, 32:] = 200, 100
    known = np.ones((64, 64), np.float32)
    known[20:44, 10:54] = 0
    filled = fill_in(colour, known)
    assert np.array_equal(filled[known > 0], colour[known > 0])
    assert filled[32, 12, 0] > 180 and filled[32, 52, 0] < 120 and filled.min() >= 99 and filled.max() <= 201
    assert np.isfinite(fill_in(colour, np.zeros_like(known))).all()


def test_a_mask_that_covers_everything_leaves_nothing_known_and_still_paints(astronaut: Pixels) -> None:
    patch = patch_of(astronaut)
    patch = replace(patch, mask=np.ones_like(patch.mask))
    assert patch.mesh is not None
    filled, known = surroundings(patch.pixels, patch.mask, upright(canonical().fit_pose(patch.mesh), patch.mask))
    assert known.max() == 0 and np.ptp(filled) == 0
    noise = np.random.default_rng(0).integers(0, 256, patch.pixels.shape, dtype=np.uint8)
    assert np.array_equal(Inpaint()(patch), Inpaint()(replace(patch, pixels=noise)))


def test_without_landmarks_it_is_unfit(astronaut: Pixels) -> None:
    """It does not look for them itself: that would be a look at hidden pixels."""
    with pytest.raises(Unfit, match="no face can be made out"):
        Inpaint()(replace(patch_of(astronaut), mesh=None))


@pytest.mark.parametrize("box", [Box(-45, 60, 55, 190), Box(470, 70, 570, 200)])
def test_a_face_half_outside_the_frame_is_painted(astronaut: Pixels, box: Box) -> None:
    moved = np.roll(astronaut, round(box.x0 - ASTRONAUT_FACE.x0), axis=1)
    moved = np.asarray(moved, np.uint8)
    shift = np.array([box.x0 - ASTRONAUT_FACE.x0, 0, 0], np.float32)
    vertices = find_mesh(astronaut, FACE).vertices + shift
    region = replace(region_of(vertices), track=1, mesh=canonical().encode(vertices))
    patch = cut(Frame(moved), region, Rule(), 1, Inpaint.around)
    assert patch is not None
    new = Inpaint()(patch)
    assert new.shape == patch.pixels.shape and np.abs(new[patch.mask >= 1].astype(int)).max() > 0


def test_a_neighbours_original_is_not_seen_either(astronaut: Pixels) -> None:
    """What hides in the window of another face does not decide how that one is painted."""
    double = np.hstack([astronaut[:300, 120:300], astronaut[:300, 120:300]])
    left = replace(FACE, box=ASTRONAUT_FACE.shift(-120, 0))
    right = replace(left, box=left.box.shift(180, 0), track=2)
    regions = [replace(r, mesh=canonical().encode(find_mesh(double, r).vertices)) for r in (left, right)]
    hider = Hider(Policy({"face": Rule("inpaint")}))
    hider.cast("face", {r.track: [p for p in [hider.patch(Frame(double), r)] if p is not None] for r in regions})
    patch = hider.patch(Frame(double), regions[1])
    assert patch is not None
    marked = double.copy()
    y, x = np.nonzero(patch.mask >= 1)
    x0, y0 = (int(v) for v in patch.to_frame[:, 2])
    marked[y + y0, x + x0] = cv2.flip(marked[y0 : y0 + patch.mask.shape[0], x0 : x0 + patch.mask.shape[1]], 0)[y, x]
    results = [hider(Frame(pixels), regions).pixels for pixels in (double, marked)]
    near = np.s_[60:200, 60:150]
    assert np.abs(results[0][near].astype(int) - results[1][near]).mean() < 4


def test_what_neighbours_see_in_a_faces_place_does_not_show_at_its_rim(astronaut: Pixels) -> None:
    """A cover lies there meanwhile, lest they see the original; whatever its colour, the result is the same."""
    double = np.hstack([astronaut[:300], astronaut[:300]])
    regions = [replace(FACE, box=FACE.box.shift(512 * n, 0), track=n + 1) for n in range(2)]
    regions = [replace(r, mesh=canonical().encode(find_mesh(double, r).vertices)) for r in regions]
    results = []
    for fallback in ("blur", "fill"):
        hider = Hider(Policy({"face": Rule("inpaint", fallback=fallback)}))
        hider.cast("face", {r.track: [p for p in [hider.patch(Frame(double), r)] if p is not None] for r in regions})
        results.append(hider(Frame(double), regions).pixels)
    assert np.array_equal(results[0], results[1]) and not np.array_equal(results[0], double)


@pytest.mark.parametrize(("change", "words"), [
    ("no weights", "inpaint.safetensors is missing"),
    ("no card", "inpaint.md is missing: a network without weights and card does not run"),
    ("other weights", "speaks of other weights"),
])  # fmt: skip
def test_no_card_no_run(tmp_path: Path, change: str, words: str) -> None:
    file = tmp_path / WEIGHTS.name
    content = WEIGHTS.read_bytes()
    if change != "no weights":
        file.write_bytes(content if change != "other weights" else content[:-1] + b"\0")
    if change != "no card":
        file.with_suffix(".md").write_text(WEIGHTS.with_suffix(".md").read_text("utf-8"), "utf-8")
    with pytest.raises(ModelError, match=words):
        inpainter(file)


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    tensors = load_file(WEIGHTS) | {"format": np.array([2], np.int32)}
    content = save(tensors)
    (tmp_path / "inpaint.safetensors").write_bytes(content)
    (tmp_path / "inpaint.md").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    with pytest.raises(ModelError, match="another version of visard made it"):
        inpainter(tmp_path / "inpaint.safetensors")


def test_it_is_small(astronaut: Pixels) -> None:
    assert WEIGHTS.stat().st_size < 40e6
