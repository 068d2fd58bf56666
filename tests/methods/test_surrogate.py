"""A new face: it is a face, nobody's, in the old one's place, and nothing of the old one's detail is in it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visard import tracing
from visard.errors import ModelError, Unfit
from visard.found import Found
from visard.hider import Hider
from visard.methods.donors import _opened, bank
from visard.methods.dressing import both_sides, reshape
from visard.methods.surrogate import Surrogate
from visard.policy import Identity, Policy, Rule
from visard.roles import Roles
from visard.shape.align import cut
from visard.shape.expression import KEPT, state
from visard.shape.identity import distance, look
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import INNER_LIPS, canonical, mouth_opening, rasterise
from visard.shape.texture import skin_tone
from visard.smoothing import bridged
from visard.tracing import trace
from visard.types import Frame, Patch, Pixels, Region

from ..conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 0.9)


def patch_of(pixels: Pixels, seed: int = 1) -> Patch:
    patch = cut(Frame(pixels), FACE, Rule(), seed)
    assert patch is not None
    return patch


def worn(pixels: Pixels, seed: int = 1) -> Pixels:
    patch, result = patch_of(pixels, seed), pixels.copy()
    x, y = (int(v) for v in patch.to_frame[:, 2])
    result[y : y + patch.mask.shape[0], x : x + patch.mask.shape[1]] = Surrogate()(patch)
    return result


def test_a_mesh_that_wandered_to_a_neighbour_is_not_trusted(astronaut: Pixels) -> None:
    """The network finds the face beside the box; drawn there, it would leave whoever is in the box bare."""
    for away, sure in ((0, True), (70, False)):
        mesh = find_mesh(astronaut, replace(FACE, box=FACE.box.shift(away, 0)))
        assert mesh.score > 0.9 and mesh.sure is sure


@pytest.mark.parametrize("seed", range(4))
def test_it_is_somebody_else_in_the_same_pose(astronaut: Pixels, seed: int) -> None:
    new = worn(astronaut, seed)
    was = look(FACE, astronaut)
    assert was is not None and distance(was.embedding, was.again(new[was.cells])) > 0.6
    before, after = find_mesh(astronaut, FACE), find_mesh(new, FACE)
    apart = np.linalg.norm(before.vertices[33, :2] - before.vertices[263, :2])
    error = np.linalg.norm((before.vertices - after.vertices)[:, :2], axis=1).mean() / apart
    assert after.score > 0.9 and error < 0.06
    assert abs(mouth_opening(before.vertices) - mouth_opening(after.vertices)) < 0.1


def test_who_smiles_goes_on_smiling(astronaut: Pixels) -> None:
    """Corners, width and gap of the mouth, in distances of the eyes, whoever's face it is."""
    before = find_mesh(astronaut, FACE).vertices
    pose = canonical().fit_pose(before)
    for donor in (3, 500, 1200):
        after = reshape(bank(), before, pose, donor, 0.8)
        moved = state(pose.lift(after)) - state(pose.lift(before))
        assert np.abs(moved[:KEPT]).max() < 0.02, moved
        assert np.linalg.norm(pose.lift(after) - pose.lift(before)) > 0.05, "the rest is another shape"


def test_between_lips_are_teeth_but_not_the_persons(astronaut: Pixels) -> None:
    """Stripes painted over the teeth are gone, and the teeth are about as light as before."""
    vertices = find_mesh(astronaut, FACE).vertices
    lips = np.round(vertices[list(INNER_LIPS), :2]).astype(np.int32)
    mouth = cv2.fillPoly(np.zeros(astronaut.shape[:2], np.uint8), [lips], (1,)) > 0
    striped = astronaut.copy()
    striped[mouth & (np.arange(astronaut.shape[1]) // 2 % 2 > 0)] //= 3
    clear, hidden = worn(astronaut, 1), worn(striped, 1)
    grown = cv2.erode(mouth.astype(np.uint8), np.ones((3, 3))) > 0
    across = [np.abs(np.diff(p[..., 1].astype(int), axis=1))[grown[:, 1:]].mean() for p in (striped, hidden, clear)]
    assert across[0] > 20 and across[1] < 0.3 * across[0]
    assert clear[grown].mean() > 0.75 * astronaut[grown].mean()


def test_dark_glasses_come_off_and_leave_no_shade(astronaut: Pixels) -> None:
    vertices = find_mesh(astronaut, FACE).vertices
    shaded = astronaut.copy()
    for eye in ((226, 31, 117, 118, 101, 47, 188, 193, 52), (446, 261, 346, 347, 330, 277, 412, 417, 282)):
        glass = cv2.convexHull(np.round(vertices[list(eye), :2]).astype(np.int32))
        cv2.fillConvexPoly(shaded, glass, (25, 22, 20))
    cheeks = [tuple(np.round(vertices[i, :2]).astype(int)[::-1]) for i in (118, 347)]
    for seed in (1, 2):
        new, plain = worn(shaded, seed), worn(astronaut, seed)
        for row, column in cheeks:
            near = slice(row - 3, row + 4), slice(column - 3, column + 4)
            assert new[near].mean() > 0.75 * plain[near].mean()


def test_black_and_white_pictures_stay_so(astronaut: Pixels) -> None:
    grey = np.asarray(np.repeat(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1), np.uint8)
    assert np.ptp(worn(grey, 2).astype(int), axis=-1).max() <= 2
    sepia = np.asarray(np.clip(grey * 0.8 + np.array([40, 20, 0]), 0, 255), np.uint8)
    new = worn(sepia, 2).astype(int)
    assert np.percentile(np.abs(new[..., 0] - new[..., 2] - 40), 99.5) <= 3


def test_strength_moves_the_features(astronaut: Pixels) -> None:
    before = find_mesh(astronaut, FACE).vertices
    pose = canonical().fit_pose(before)
    for donor in range(0, 1500, 150):
        moved = [np.linalg.norm(reshape(bank(), before, pose, donor, s) - before) for s in (0.0, 0.3, 0.6, 1.0)]
        assert moved[0] < 0.1 and moved == sorted(moved) and moved[-1] > 50 * moved[0] + 3


def test_keys_and_subjects_get_different_donors(astronaut: Pixels) -> None:
    cast = Surrogate().cast([patch_of(astronaut, seed) for seed in range(8)])
    faces = {cast(patch_of(astronaut, seed)).tobytes() for seed in range(8)}
    assert len(faces) >= 5
    assert cast.fits(3) and not cast.fits(99)
    with pytest.raises(Unfit):
        cast(patch_of(astronaut, 99))


def test_no_fine_detail_of_the_source_shows(astronaut: Pixels) -> None:
    """Fine noise laid over the face is gone where the new face lies."""
    rng = np.random.default_rng(0)
    noise = rng.choice([-24, 24], astronaut.shape[:2])[..., None]
    marked = np.clip(astronaut.astype(int) + noise, 0, 255).astype(np.uint8)
    patch = patch_of(marked)
    new, height, width = Surrogate()(patch), *patch.mask.shape
    centre = np.s_[height // 2 - 12 : height // 2 + 20, width // 2 - 14 : width // 2 + 14]
    x, y = (int(v) for v in patch.to_frame[:, 2])
    mark = noise[y : y + height, x : x + width, 0][centre].ravel()
    fine = [fine_part(p)[centre].ravel() for p in (patch.pixels, new)]
    assert np.corrcoef(mark, fine[0])[0, 1] > 0.8
    assert abs(np.corrcoef(mark, fine[1])[0, 1]) < 0.15


def fine_part(pixels: Pixels) -> NDArray[np.float32]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)


@pytest.mark.parametrize("traits", ["age,sex,skin", "sex", ""])
def test_donors_resemble_the_person_in_the_chosen_traits(astronaut: Pixels, traits: str) -> None:
    """Whoever asks for likeness gets the same sex throughout; whoever asks for none, anybody."""
    donors, texture = bank(), canonical().unwrap(astronaut, find_mesh(astronaut, FACE).vertices)
    read, wanted = donors.reader(texture, None), frozenset(filter(None, traits.split(",")))
    chosen = donors.suited(read, skin_tone(texture), wanted, np.random.default_rng(0))
    same = np.abs(donors.attributes[chosen, 0] - read[0].clip(0, 1)) < 0.6
    assert len(chosen) >= 32
    assert same.all() if "sex" in traits else len(chosen) == len(donors)
    if "skin" in traits:
        alike = [donors.attributes[one, 2:].argmax() in (0, 3, 4) for one in chosen]
        assert read[2:].argmax() in (0, 3, 4) and np.mean(alike) > 0.9


@pytest.mark.parametrize(("identity", "same"), [("person", True), ("picture", False)])
def test_one_person_wears_one_face_in_all_pictures_or_another_in_each(
    astronaut: Pixels, identity: Identity, same: bool
) -> None:
    policy, roles = Policy(identity=identity), Roles() if identity == "person" else None
    shifted = np.ascontiguousarray(np.roll(astronaut, (7, 11), axis=(0, 1)))
    chosen = []
    for source, (pixels, box) in {"a": (astronaut, FACE.box), "b": (shifted, FACE.box.shift(11, 7))}.items():
        hider = Hider(policy, source=source, roles=roles)
        found = Found({0: (replace(FACE, box=box, track=1),)})
        found = trace(lambda pixels=pixels: iter([Frame(pixels)]), found, hider, still=True)  # type: ignore[misc]
        patch = hider.patch(Frame(pixels), found.at(0)[0])
        assert patch is not None
        chosen.append(hider.methods["face"]._roles[patch.seed])  # type: ignore[attr-defined]
    assert (chosen[0] == chosen[1]) is same


def track_of(
    pixels: Pixels, meshless: set[int], boxes_away: float = 0.0, frames: int = 20
) -> tuple[dict[int, NDArray[np.float32] | None], set[int]]:
    """Return the meshes of a subject for whom the network sees no face in some frames, and whether it is unfit.

    boxes_away: how far in those frames its box lies from where the face was before and after.
    """
    start = canonical().encode(find_mesh(pixels, FACE).vertices)
    right = np.eye(1, len(start), 4, dtype=np.float32)[0]
    beside = replace(FACE, box=FACE.box.shift(boxes_away, 0))
    found = Found({i: (replace(beside if i in meshless else FACE, track=1),) for i in range(frames)})
    codes = {(i, 0): start + np.float32(i) * right for i in range(frames) if i not in meshless}
    whole, hider = bridged(codes, found), Hider(Policy())
    hider.give_up(tracing._unseen(whole, {(i, 0): found.at(i)[0] for i in range(frames)}))
    return {i: whole.get((i, 0)) for i in range(frames)}, hider.unfit


def test_short_gaps_in_a_track_are_bridged_and_long_ones_are_not(astronaut: Pixels) -> None:
    meshes, unfit = track_of(astronaut, {4, 5, 6})
    assert meshes[3] is not None and meshes[5] is not None and not unfit
    assert np.allclose(meshes[5] - meshes[3], 2 * np.eye(1, 67, 4)[0], atol=1e-3)
    meshes, unfit = track_of(astronaut, set(range(3, 13)))
    assert meshes[8] is None and not unfit


def test_a_gap_is_not_bridged_where_the_face_went_elsewhere(astronaut: Pixels) -> None:
    meshes, unfit = track_of(astronaut, {4, 5, 6}, boxes_away=90)
    assert meshes[5] is None and not unfit


def test_who_is_seen_too_seldom_gets_the_fallback_throughout(astronaut: Pixels) -> None:
    assert track_of(astronaut, set(range(1, 19)))[1] == {1}


def test_who_is_seen_through_gets_two_other_faces_then_the_fallback_and_then_black(astronaut: Pixels) -> None:
    hider, region = Hider(Policy()), replace(FACE, track=1)
    names = []
    while True:
        names.append(hider.method(region).name)
        if not hider.insist([region]):
            break
    assert names == ["surrogate", "surrogate", "surrogate", "haze", "fill"]
    assert hider.method(replace(FACE, track=2)).name == "surrogate"


def test_another_face_is_put_on_before_the_fallback(astronaut: Pixels) -> None:
    hider, region, frame = Hider(Policy()), replace(FACE, track=1), Frame(astronaut)
    found = trace(lambda: iter([frame]), Found({0: (region,)}), hider, still=True)
    results = []
    for _ in range(4):
        results.append(hider(frame, found.at(0)).pixels)
        last = hider.method(region).name
        hider.insist([region])
    assert last == "haze"
    faces = [look(FACE, result) for result in results]
    assert len({result.tobytes() for result in results}) == 4
    for one, other in ((0, 1), (1, 2), (0, 2)):
        a, b = faces[one], faces[other]
        assert a is not None and b is not None and distance(a.embedding, b.embedding) > 0.3


def test_a_face_is_read_by_the_side_that_is_seen(astronaut: Pixels) -> None:
    """Whatever lies behind a turned head has no part in whom it is taken for."""
    texture = canonical().unwrap(astronaut, find_mesh(astronaut, FACE).vertices)
    green = texture.copy()
    green[:, 140:] = (0, 120, 0)
    assert np.array_equal(both_sides(texture, 0.0), texture)
    for yaw, pixels in ((40.0, green), (-40.0, np.ascontiguousarray(green[:, ::-1]))):
        whole, clear = both_sides(pixels, yaw), both_sides(texture if yaw > 0 else texture[:, ::-1], yaw)
        assert np.abs(skin_tone(whole) - skin_tone(clear)).max() < 3
        assert np.abs(skin_tone(pixels) - skin_tone(whole)).max() > 10
        read, seen = (bank().reader(each, None) for each in (whole, clear))
        assert np.abs(read - seen)[:2].max() < 0.1


def test_where_there_is_no_face_it_is_unfit(astronaut: Pixels) -> None:
    flag = cut(Frame(astronaut), replace(FACE, box=FACE.box.shift(-170, 230)), Rule(), 1)
    assert flag is not None
    with pytest.raises(Unfit):
        Surrogate()(flag)


def test_the_bank_keeps_its_promises() -> None:
    donors = bank()
    assert len(donors) >= 1500
    assert donors.texture(0).shape == (256, 256, 3) and np.isfinite(donors.embeddings).all()


@pytest.mark.parametrize(("change", "words"), [("absent", "missing"), ("other", "another version")])
def test_a_bank_that_cannot_be_used_is_one_line(change: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(content: bytes) -> dict[str, NDArray[np.int32]]:
        if change == "absent":
            raise FileNotFoundError
        return {"format": np.array([99], np.int32)}

    monkeypatch.setattr("visard.methods.donors.load", load)
    with pytest.raises(ModelError, match=words):
        _opened.__wrapped__("")


def test_a_video_keeps_its_donor_and_a_neighbour_its_disguise(astronaut: Pixels) -> None:
    """Two people whose windows overlap: the surroundings of one never bring the other's original back."""
    double = np.hstack([astronaut[:300, 120:300], astronaut[:300, 120:300]])
    left = replace(FACE, box=ASTRONAUT_FACE.shift(-120, 0).grow(0.5), track=1)
    right = replace(left, box=left.box.shift(180, 0), track=2)
    hider = Hider(Policy({"face": Rule(margin=0.6)}))
    frames = [Frame(double, i, i / 25) for i in range(3)]
    found = trace(lambda: iter(frames), Found(dict.fromkeys(range(3), (left, right))), hider, still=False)
    results = [hider(frame, found.at(frame.index)).pixels for frame in frames]
    assert np.array_equal(results[0], results[2])
    core = np.s_[120:165, 85:125]
    assert np.abs(results[0][core].astype(int) - double[core]).mean() > 6
    assert not np.array_equal(results[0][:, :180], results[0][:, 180:])


def test_a_mesh_is_remembered_by_a_few_numbers(astronaut: Pixels) -> None:
    vertices = find_mesh(astronaut, FACE).vertices
    back = canonical().decode(canonical().encode(vertices))
    assert np.abs(back - vertices)[:, :2].max() < 1.0


def test_a_face_is_unwrapped_and_put_back(astronaut: Pixels) -> None:
    vertices = find_mesh(astronaut, FACE).vertices
    texture = canonical().unwrap(astronaut, vertices)
    texel = canonical().project(vertices, 512, 512)
    back = cv2.remap(texture, texel[..., 0], texel[..., 1], cv2.INTER_LINEAR)
    shown = cv2.erode((texel[..., 0] >= 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert shown.sum() > 3000
    assert np.abs(back[shown].astype(int) - astronaut[shown]).mean() < 6


def test_triangles_cover_each_pixel_once_and_the_nearer_wins() -> None:
    points = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], np.float32)
    square = np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    found, weight = rasterise(points, None, square, 11, 11)
    assert (found >= 0).all() and np.allclose(weight.sum(axis=2), 1, atol=1e-3)
    stacked = np.concatenate([points, points])
    depth = np.array([5, 5, 5, 5, 1, 1, 1, 1], np.float32)
    for order in (square, square + 4):
        both = np.concatenate([order, (square + 4) if order is square else square])
        found, _ = rasterise(stacked, depth, both, 11, 11)
        assert (depth[both[found[5, 5]]] == 1).all()
