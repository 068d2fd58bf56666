"""Somebody who was never there: nothing of them is left, nothing around them changes, and what is put there fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visard.errors import UsageError
from visard.hider import Hider
from visard.methods import make
from visard.methods.background import SIDE, _scale, _window, inputs
from visard.methods.cancel import Cancel
from visard.methods.engines import ENGINES, best
from visard.methods.patches import complete
from visard.policy import Policy, Rule
from visard.shape.align import covered, together
from visard.types import Box, Frame, Pixels, Region, Removing

ENGINES_HERE = ("background", "patches", "telea")


def bricks(height: int = 160, width: int = 200) -> Pixels:
    """A wall: rows of bricks, each row shifted by half of one."""
    y, x = np.mgrid[:height, :width]
    joint = (y % 16 < 2) | ((x + 10 * (y // 16 % 2)) % 20 < 2)
    grain = np.random.default_rng(0).integers(-8, 9, (height, width, 1))
    return np.clip(np.where(joint[..., None], (200, 195, 190), (150, 70, 50)) + grain, 0, 255).astype(np.uint8)


def hole_in(pixels: Pixels, y: slice = slice(60, 110), x: slice = slice(70, 120)) -> np.ndarray:
    hole = np.zeros(pixels.shape[:2], np.bool_)
    hole[y, x] = True
    return hole


@pytest.mark.parametrize("engine", ENGINES_HERE)
def test_nothing_of_what_is_hidden_tells(engine: str) -> None:
    wall, method = bricks(), Cancel(engine)
    hole = hole_in(wall)
    noise = np.random.default_rng(1).integers(0, 256, wall.shape, np.uint8)
    one = method.predict(wall, hole, ~hole, 1)
    other = method.predict(np.where(hole[..., None], noise, wall), hole, ~hole, 1)
    assert np.array_equal(one[hole], other[hole]) and np.array_equal(one[~hole], wall[~hole])


@pytest.mark.parametrize("engine", ENGINES_HERE)
def test_other_subjects_are_not_looked_at(engine: str) -> None:
    wall, method = bricks(), Cancel(engine)
    hole, people = hole_in(wall), hole_in(wall, x=slice(120, 160))
    noise = np.random.default_rng(1).integers(0, 256, wall.shape, np.uint8)
    seen = [np.where(people[..., None], other, wall) for other in (wall, noise)]
    one, other = (method.predict(pixels, hole, ~hole & ~people, 1) for pixels in seen)
    assert np.array_equal(one[hole], other[hole])


def test_patches_continue_a_wall_where_telea_smears_it() -> None:
    wall = bricks()
    hole = hole_in(wall)
    off = {
        name: np.abs(Cancel(name).predict(wall, hole, ~hole, 1)[hole].astype(int) - wall[hole]).mean()
        for name in ENGINES_HERE
    }
    assert off["patches"] < 15 < off["telea"], off
    assert off["background"] < off["telea"], off


def test_the_network_says_what_is_to_be_expected_and_patches_how_it_is_textured() -> None:
    """A slope of light that nothing known continues, and grain: patches know the one, the network the other."""
    slope = np.linspace(40, 210, 200)[None, :, None] + np.zeros((160, 1, 3))
    scene = np.clip(slope + np.random.default_rng(0).normal(0, 10, slope.shape), 0, 255).astype(np.uint8)
    hole = hole_in(scene)
    new = Cancel("background").predict(scene, hole, ~hole, 1)[hole].astype(float)
    assert np.abs(new - slope[hole]).mean() < 15 and 5 < (new - slope[hole]).std() < 16


@pytest.mark.parametrize("edge", [110, 150])
def test_patches_follow_what_is_expected_and_keep_their_texture(edge: int) -> None:
    """Between bright and dark stone the hole itself could be either."""
    grain = np.random.default_rng(0).normal(0, 12, (160, 260, 3))
    scene = np.clip(np.where(np.arange(260)[None, :, None] < 130, 200, 60) + grain, 0, 255).astype(np.uint8)
    hole = hole_in(scene, slice(30, 130), slice(80, 180))
    expected = np.where(np.arange(260)[None, :, None] < edge, 200, 60) * np.ones((160, 1, 3), np.float32)
    new = complete(scene, hole, ~hole, 1, expected.astype(np.float32))
    assert new is not None
    inner = new[40:120].astype(float)
    assert np.abs(inner[:, 84 : edge - 8].mean() - 200) < 12 and np.abs(inner[:, edge + 8 : 176].mean() - 60) < 12
    assert inner[:, 84 : edge - 8].std() > 6


@given(st.integers(1, 4000), st.integers(1, 4000), st.floats(0, 2000))
def test_the_network_sees_a_hole_no_deeper_than_it_learnt_and_never_larger_than_it_is(
    height: int, width: int, depth: float
) -> None:
    scale = _scale((height, width), depth)
    assert 0 < scale <= 1 and scale * max(height, width) <= 320.001 and scale * depth <= 28.001
    assert scale == 1 or max(height, width) >= 320 or depth >= 28


def test_the_network_sees_a_square_and_nothing_larger_than_it_is() -> None:
    hole = np.zeros((300, 400), np.bool_)
    hole[100:120, 30:60] = True
    rows, columns = _window(hole)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (SIDE, SIDE) and columns.start == 0
    hole[90:250, 30:360] = True
    rows, columns = _window(hole)
    assert (rows, columns) == (slice(0, 300), slice(0, 400))


def test_what_is_known_is_weighed_by_distance_and_kept() -> None:
    known = np.zeros((SIDE, SIDE), np.float32)
    known[:, :20] = known[:, -20:] = 1
    colour = np.where(np.arange(SIDE)[:, None] < 48, 10, 200) * known
    filled, smooth = (inputs(colour[..., None].repeat(3, axis=2).astype(np.float32), known)[k] for k in (0, 3))
    for plane in (filled, smooth):
        assert np.allclose(plane[known > 0] * 127.5 + 127.5, colour[known > 0], atol=0.01)
    assert filled[10, 48] < -0.6 and filled[86, 48] > 0.3
    assert np.allclose(
        inputs(np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), np.float32))[:3], 0, atol=0.01
    )


def test_ground_stays_ground_and_sky_sky_behind_a_large_hole() -> None:
    """A mean of all that lies around would be neither."""
    grain = np.random.default_rng(0).integers(-6, 7, (240, 320, 3))
    rows = np.where(np.arange(240)[:, None, None] < 120, (200, 220, 240), (60, 130, 50))
    scene = np.clip(rows + grain, 0, 255).astype(np.uint8)
    hole = hole_in(scene, slice(40, 220), slice(40, 280))
    new = Cancel("patches").predict(scene, hole, ~hole, 1).astype(int)
    assert np.abs(new - rows)[60:100, 60:260].mean() < 20 and np.abs(new - rows)[140:200, 60:260].mean() < 20


def test_the_soft_fill_has_no_creases() -> None:
    corners = np.array([[(250, 20, 20), (20, 250, 20)], [(20, 20, 250), (240, 240, 20)]], np.uint8)
    scene = np.kron(corners, np.ones((100, 100, 1), np.uint8))
    hole = hole_in(scene, slice(30, 170), slice(30, 170))
    new = Cancel("telea").predict(scene, hole, ~hole, 1).astype(int)[60:140, 60:140]
    assert max(np.abs(np.diff(new, axis=0)).max(), np.abs(np.diff(new, axis=1)).max()) < 25


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.floats(0, 1))
def test_any_hole_is_filled(height: int, width: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    hole = rng.random((height, width)) < share
    new = Cancel().predict(pixels, hole, ~hole, seed)
    assert new.shape == pixels.shape and new.dtype == np.uint8 and np.array_equal(new[~hole], pixels[~hole])


def test_a_hole_at_every_border_or_all_of_the_picture_is_no_error() -> None:
    wall = bricks(64, 64)
    for hole in (np.ones((64, 64), np.bool_), ~hole_in(wall, slice(20, 44), slice(20, 44))):
        assert Cancel().predict(wall, hole, ~hole, 0).shape == wall.shape


def test_a_hole_too_large_for_memory_is_filled_softly(monkeypatch: pytest.MonkeyPatch) -> None:
    import visard.methods.cancel as module

    wall = bricks()
    hole = hole_in(wall)
    monkeypatch.setattr(module, "_MOST", wall.shape[0] * wall.shape[1] // 4)
    noise = np.random.default_rng(1).integers(0, 256, wall.shape, np.uint8)
    one, other = (Cancel().predict(pixels, hole, ~hole, 1) for pixels in (wall, np.where(hole[..., None], noise, wall)))
    assert np.array_equal(one[hole], other[hole]) and np.array_equal(one[~hole], wall[~hole])


def test_the_best_engine_is_chosen_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Cancel().chosen == "background" and Cancel().told() == ["background predicted by background"]
    monkeypatch.setattr("visard.models.taught.FOLDER", tmp_path)
    assert best() == "patches"
    assert isinstance(Cancel(), Removing) and not isinstance(make("surrogate"), Removing)


def test_engines_that_cannot_run_say_so(tmp_path: Path) -> None:
    assert set(ENGINES) == {"diffusion", "background", "patches", "telea"}
    with pytest.raises(UsageError, match="needs weights"):
        Cancel("diffusion")
    with pytest.raises(UsageError, match="takes no weights"):
        Cancel("patches", str(tmp_path))
    with pytest.raises(UsageError, match="holds no weights"):
        Cancel("diffusion", str(tmp_path))


def hider(**changes: object) -> Hider:
    return Hider(Policy({"face": replace(Rule("cancel", shape="box"), **changes)}))  # type: ignore[arg-type]


def test_no_pixel_of_a_removed_person_survives_the_corridor() -> None:
    """Of two pictures that differ in the hidden part alone, soft rim included, the results are the same."""
    wall = bricks()
    region = Region("face", Box(80, 60, 110, 100), 0.9, track=1)
    mine = hider()
    cells = np.s_[0:160], np.s_[0:200]
    hidden = covered([(region, mine.rule(region))], cells, wall.shape)
    noise = np.random.default_rng(1).integers(0, 256, wall.shape, np.uint8)
    one, other = (mine(Frame(pixels), [region]).pixels for pixels in (wall, np.where(hidden[..., None], noise, wall)))
    assert np.array_equal(one, other)
    assert np.array_equal(one[~hidden], wall[~hidden])


def test_neighbours_are_removed_together_and_nobody_is_copied() -> None:
    wall = bricks()
    two = [Region("face", Box(60, 60, 85, 100), 0.9, track=1), Region("face", Box(86, 60, 110, 100), 0.9, track=2)]
    stays = Region("face", Box(140, 60, 165, 100), 0.9, track=3, hide=False)
    red = wall.copy()
    red[60:100, 60:110] = red[60:100, 140:165] = (255, 0, 0)
    new = hider(margin=0.0)(Frame(red), [*two, stays]).pixels
    assert (new[60:100, 60:110] == (255, 0, 0)).all(axis=2).mean() < 0.01
    assert np.array_equal(new[60:100, 145:160], red[60:100, 145:160])
    rule = Rule("cancel")
    assert [len(group) for group in together([(r, rule) for r in [*two, stays]], wall.shape)] == [2, 1]


def test_who_is_still_seen_is_filled_from_spared_people_too_and_from_nobody_hidden() -> None:
    wall = bricks()
    gone = Region("face", Box(60, 60, 85, 100), 0.9, track=1)
    spared = Region("face", Box(88, 60, 110, 100), 0.9, track=2, hide=False)
    also = Region("face", Box(140, 60, 165, 100), 0.9, track=3)
    pictures = [wall.copy(), wall.copy()]
    pictures[1][spared.box.cells(*wall.shape[:2])] = (255, 0, 0)
    mine = hider(margin=0.0)

    def holes() -> list[Pixels]:
        return [mine(Frame(p), [gone, spared]).pixels[60:100, 60:85] for p in pictures]

    one, other = holes()
    assert np.array_equal(one, other)
    mine.insist([gone])
    one, other = holes()
    assert not np.array_equal(one, other)
    pictures[1] = wall.copy()
    pictures[1][also.box.cells(*wall.shape[:2])] = (255, 0, 0)
    one, other = (mine(Frame(p), [gone, also]).pixels[60:100, 60:85] for p in pictures)
    assert np.array_equal(one, other)


def test_sixteen_bits_stay_around_a_hole() -> None:
    wall = bricks()
    deep = wall.astype(np.uint16) * 257 + 3
    new = hider()(Frame(wall, deep=deep), [Region("face", Box(80, 60, 110, 100), 0.9, track=1)])
    assert new.deep is not None and np.array_equal(new.deep[:40], deep[:40])
    assert np.array_equal(new.deep[80, 95] // 257, new.pixels[80, 95])


def test_whoever_is_still_seen_is_filled_smoothly_and_then_blacked_out() -> None:
    mine, region = hider(), Region("face", Box(80, 60, 110, 100), 0.9, track=1)
    methods = [mine.method(region)]
    for _ in range(2):
        assert mine.insist([region])
        methods.append(mine.method(region))
    first, soft, last = methods
    assert last.name == "fill" and isinstance(first, Removing) and isinstance(soft, Removing) and first != soft
    assert [first.told(), soft.told()] == [["background predicted by background"], ["background predicted softly"]]
    wall = bricks()
    hole = hole_in(wall)
    one, other = (method.predict(wall, hole, ~hole, 1)[hole].astype(float).std() for method in (first, soft))
    assert other < one
    smooth, without = (m.predict(wall, hole, ~hole, 1) for m in (Cancel("telea"), Cancel("patches").softer()))
    assert np.array_equal(smooth, without)
    assert not mine.insist([region])
