"""A check that cannot fail is no check: each is shown a result that it must refuse and one that it must accept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visard.detect import second_opinion
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.types import Box, Check, Frame, Pixels, Region
from visard.verify import look_again
from visard.verify.found_again import FoundAgain
from visard.verify.known_again import KnownAgain
from visard.verify.originals import Originals
from visard.verify.seen_again import SeenAgain
from visard.verify.seen_through import SeenThrough
from visard.verify.untouched import Detail, Untouched, outlines

from ..conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 0.9, track=1)


def hidden(pixels: Pixels, method: str, **settings: object) -> Pixels:
    return Hider(Policy({"face": Rule(method, settings)}))(Frame(pixels), [FACE]).pixels


def cover_of(pixels: Pixels) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    cover = np.zeros((height, width), np.uint8)
    cover[FACE.box.grow(0.4).cells(height, width)] = 255
    return cover


def detail(before: Pixels, after: Pixels) -> Check:
    check = Detail()
    nothing = np.zeros((512, 512), np.uint8)
    check.see(0, before, after, FACE, Rule(), nothing, nothing)
    return check.check()


def test_a_face_drawn_in_the_transparency_is_seen_and_a_cut_out_is_none(astronaut: Pixels) -> None:
    """In colours alone it is an even black, in which nobody was found."""
    grey: Any = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    oval = np.zeros_like(grey)
    cv2.ellipse(oval, (225, 200), (110, 160), 0, 0, 360, 255, -1, cv2.LINE_AA)
    deep = (255 - grey).astype(np.uint16) * 257
    for alpha, faces in ((255 - grey, 1), (grey, 1), (deep, 1), (oval, 0), (np.full_like(grey, 90), 0), (None, 0)):
        check = SeenThrough(second_opinion(still=True))
        check.see(Frame(np.zeros_like(astronaut), 3, alpha=alpha), [])
        assert check.check() == Check("seen_through", faces, 0.0, (3,) * faces)
    spared = SeenThrough(second_opinion(still=True))
    spared.see(Frame(np.zeros_like(astronaut), alpha=grey), [replace(FACE, hide=False)])
    assert spared.check().passed


def test_nan_fails() -> None:
    assert not Check("any", float("nan"), 1.0).passed


def test_detail_of_the_original_is_all_left(astronaut: Pixels) -> None:
    assert detail(astronaut, astronaut).value == pytest.approx(1.0)
    assert not detail(astronaut, astronaut).passed


@pytest.mark.parametrize("method", ["fill", "blur", "pixelate", "darken"])
def test_hidden_detail_is_gone(astronaut: Pixels, method: str) -> None:
    assert detail(astronaut, hidden(astronaut, method)).passed


def test_detail_notices_a_shifted_or_half_cover(astronaut: Pixels) -> None:
    half = astronaut.copy()
    half[65:130, 175:275] = 0
    assert not detail(astronaut, half).passed


def test_a_figures_contour_is_no_detail_but_what_lies_in_it_is(astronaut: Pixels) -> None:
    """On a white wall a figure shares its outline, the strongest line of all, with whoever it hides."""
    turn = np.linspace(0, 2 * np.pi, 60)
    person = np.stack([225 + 60 * np.cos(turn), 100 + 70 * np.sin(turn)], axis=1).astype(np.float32)
    inside = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(inside, [np.round(person).astype(np.int32)], 1)
    before = np.where(inside[..., None] > 0, astronaut, np.uint8(255))
    figure = np.where(inside[..., None] > 0, np.uint8(120), np.uint8(255)).repeat(3, axis=2)
    region = replace(FACE, kind="person", outline=person)
    drawn, nothing = outlines([region], (512, 512)), np.zeros((512, 512), np.uint8)
    for after, passed in ((figure, True), (before, False)):
        check = Detail()
        check.see(0, before, after, region, Rule(margin=0.1), nothing, drawn)
        assert check.check().passed is passed


def test_a_small_figures_contour_may_lie_beside_its_outline(astronaut: Pixels) -> None:
    """Of a head of a dozen pixels an outline is known to a pixel; ten times enlarged, that was detail which stayed."""
    y, x = np.mgrid[:512, :512].astype(np.float32)
    head = np.clip(7.5 - np.hypot(x - 100, y - 100), 0, 1)[..., None]
    before = np.round(head * 60 + (1 - head) * 250).astype(np.uint8).repeat(3, axis=2)
    figure = np.round(head * 140 + (1 - head) * 250).astype(np.uint8).repeat(3, axis=2)
    turn = np.linspace(0, 2 * np.pi, 40)
    told = np.stack([100 + 6.2 * np.cos(turn), 100 + 6.2 * np.sin(turn)], axis=1).astype(np.float32)
    region = Region("head", Box(93, 93, 107, 107), 0.9, track=1, outline=told)
    drawn, nothing = outlines([region], (512, 512)), np.zeros((512, 512), np.uint8)
    check = Detail()
    check.see(0, before, figure, region, Rule(margin=0.1), nothing, drawn)
    assert check.check().passed


def test_of_a_sliver_between_figures_nothing_is_told_and_of_the_rest_all_is(astronaut: Pixels) -> None:
    corners = np.array([[155, 55], [300, 55], [300, 300], [155, 300]], np.float32)
    region = replace(FACE, kind="person", box=Box(155, 55, 300, 300), outline=corners)
    nothing = np.zeros((512, 512), np.uint8)
    # Outlines of a crowd leave a strip, in which the draft happens to go up and down as the original does.
    crowd = np.full((512, 512), 255, np.uint8)
    crowd[60:110, 215:245] = 0
    for drawn, passed in ((crowd, True), (outlines([region], (512, 512)), False)):
        check = Detail()
        check.see(0, astronaut, astronaut // 2 + 60, region, Rule(margin=0.1), nothing, drawn)
        assert check.check().passed is passed


def test_a_flat_region_has_no_detail_to_leave() -> None:
    wall = np.full((512, 512, 3), 128, np.uint8)
    assert detail(wall, wall).passed


def test_untouched_sees_one_changed_pixel_of_a_lossless_file(astronaut: Pixels) -> None:
    cover = cover_of(astronaut)
    for change, passed in ((0, True), (1, False)):
        after = astronaut.copy()
        after[400, 400, 1] += change
        check = Untouched(lossless=True)
        check.see(0, astronaut, after, cover)
        assert check.check().passed is passed
    inside = hidden(astronaut, "fill")
    check = Untouched(lossless=True)
    check.see(0, astronaut, inside, cover)
    assert check.check().passed


def test_untouched_allows_a_codec_its_noise_but_no_misplaced_paste(astronaut: Pixels) -> None:
    ok, jpeg = cv2.imencode(".jpg", astronaut, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert ok
    noisy = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    check = Untouched(lossless=False)
    check.see(0, astronaut, noisy, cover_of(astronaut))
    assert 0 < check.check().value < check.check().limit
    wrong = astronaut.copy()
    wrong[300:340, 20:60] = 0
    check.see(1, astronaut, wrong, cover_of(astronaut))
    assert not check.check().passed and check.check().frames == (1,)


def test_known_again(astronaut: Pixels) -> None:
    for method, passed in (("fill", True), ("pixelate", True)):
        check = KnownAgain(Originals())
        check.see(Frame(astronaut), Frame(hidden(astronaut, method)), FACE, cover_of(astronaut))
        assert check.check().passed is passed
    check = KnownAgain(Originals())
    check.see(Frame(astronaut), Frame(astronaut), FACE, cover_of(astronaut))
    assert check.check().value > 0.3 and not check.check().passed


def test_of_what_is_no_face_the_recogniser_says_nothing(astronaut: Pixels) -> None:
    flag = Region("face", Box(10, 300, 90, 400), 0.5, track=2)
    check = KnownAgain(Originals())
    check.see(Frame(astronaut), Frame(astronaut), flag, cover_of(astronaut))
    assert check.check().passed


def test_recognisers_look_at_each_subject_at_its_clearest_once_in_a_while() -> None:
    sizes = [10.0 + (i == 37) + 2 * (i == 150) for i in range(200)]
    regions = {i: (replace(FACE, box=Box(0, 0, side, side)), replace(FACE, track=9)) for i, side in enumerate(sizes)}
    clearest = Found(regions).clearest()
    assert {(37, FACE.track), (150, FACE.track)} <= clearest and len(clearest) == 4


def test_an_original_is_looked_at_once(astronaut: Pixels) -> None:
    originals = Originals()
    originals.expect(Frame(astronaut), [FACE])
    seen = originals.look(Frame(astronaut), FACE)
    assert seen is not None and originals.look(Frame(astronaut), FACE) is seen


def nobody(region: Region) -> bool:
    return False


def flat(pixels: Pixels, regions: Sequence[Region], others: Sequence[Region]) -> Pixels:
    return np.zeros_like(pixels)


def test_who_is_hidden_beneath_a_neighbour_s_new_face_is_not_seen_through_it(astronaut: Pixels) -> None:
    beside = replace(FACE, box=FACE.box.shift(20, 30), track=2)
    face = replace(FACE, box=FACE.box.grow(0.4))
    for exchanged, passed in ((lambda r: r.track == FACE.track, True), (lambda r: False, False)):
        check = FoundAgain([finder(face)], lambda r: r.track == FACE.track, exchanged, flat)
        check.see(Frame(astronaut), [FACE, beside], np.full((512, 512), 255, np.uint8))
        assert check.check().passed is passed and bool(check.weak) is not passed


def test_a_new_face_may_be_framed_more_widely_than_the_old_one(astronaut: Pixels) -> None:
    """Unless it is still seen where the new face is made flat: then it is somebody bare."""
    cover = np.zeros((512, 512), np.uint8)
    cover[FACE.box.cells(512, 512)] = 255
    wide = replace(FACE, box=FACE.box.grow(0.15))
    for track, detector, missed in (
        (FACE.track, undeceived(wide), False), (9, undeceived(wide), True), (FACE.track, finder(wide), True)
    ):  # fmt: skip
        check = FoundAgain([detector], lambda r: True, lambda r: r.track == FACE.track, flat)
        check.see(Frame(astronaut), [replace(FACE, track=track)], cover)
        assert bool(check.missed) is missed


def test_what_is_seen_through_a_cover_beside_a_new_face_is_seen_no_more_where_the_cover_is_flat(
    astronaut: Pixels,
) -> None:
    """A detector that takes two new faces for one sees them whatever lies between; a bare cover it sees through."""
    other = replace(FACE, box=FACE.box.shift(60, 0), track=2)
    for detector, weak in ((finder(FACE), []), (undeceived(FACE), [FACE])):
        check = FoundAgain([detector], lambda r: r.track == 2, lambda r: r.track == 2, flat)
        check.see(Frame(astronaut), [FACE, other], np.full((512, 512), 255, np.uint8))
        assert check.weak == weak


def test_the_room_looks_again_with_its_hider_s_own_covers(astronaut: Pixels) -> None:
    hider = Hider(Policy(), source="a")
    hider.unfit.add(2)
    again, beside = look_again([finder(FACE)], hider), replace(FACE, box=FACE.box.shift(120, 0), track=2)
    flat = again._flatten(astronaut, [FACE, beside], [FACE])
    changed = np.flatnonzero((flat != astronaut).any(axis=(0, 2)))
    assert len(changed) and changed.min() >= FACE.box.x1 - 20, "the new face stays"


def undeceived(face: Region) -> Callable[[Pixels], list[Region]]:
    """A detector that sees the face as long as the picture is not flat."""
    seen = finder(face)
    return lambda pixels: seen(pixels) if pixels.any() else []


def finder(face: Region) -> Callable[[Pixels], list[Region]]:
    """A detector that sees the face in the whole picture, and again in the close-up."""

    def see(pixels: Pixels) -> list[Region]:
        if pixels.shape[:2] == (512, 512):
            return [face]
        margin = 0.8 * face.box.width, 0.8 * face.box.height
        return [replace(face, box=face.box.shift(margin[0] - face.box.x0, min(face.box.y0, margin[1]) - face.box.y0))]

    return see


def test_what_is_no_face_from_close_by_was_none(astronaut: Pixels) -> None:
    check = FoundAgain([lambda pixels: [FACE] if pixels.shape[0] == 512 else []], lambda region: False, nobody, flat)
    check.see(Frame(astronaut), [], np.zeros(astronaut.shape[:2], np.uint8))
    assert check.check().passed and not check.missed


@pytest.mark.parametrize(("may_show", "passed"), [(True, True), (False, False)])
def test_found_again_depends_on_what_the_method_claims(astronaut: Pixels, may_show: bool, passed: bool) -> None:
    check = FoundAgain([finder(FACE)], lambda region: may_show, nobody, flat)
    check.see(Frame(astronaut), [FACE], cover_of(astronaut))
    assert check.check().passed is passed and not check.missed


def test_a_face_beyond_every_cover_was_missed(astronaut: Pixels) -> None:
    check = FoundAgain([finder(FACE)], lambda region: True, nobody, flat)
    check.see(Frame(astronaut), [], np.zeros(astronaut.shape[:2], np.uint8))
    assert [r.box for r in check.missed[0].regions] == [FACE.box]
    assert not check.check().passed


def test_a_spared_face_is_not_held_against_the_draft(astronaut: Pixels) -> None:
    spared = Region("face", ASTRONAUT_FACE, 0.9, track=1, hide=False)
    check = FoundAgain([finder(FACE)], lambda region: False, nobody, flat)
    check.see(Frame(astronaut), [spared], np.zeros(astronaut.shape[:2], np.uint8))
    assert check.check().passed and not check.missed


def test_a_plate_that_nobody_hid_is_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look mirrors the draft, and what it finds is where it lies in the draft itself."""
    plate = Region("plate", Box(100, 200, 180, 230), 0.9)

    def mirrored(pixels: Pixels, scores: dict[str, float], effort: str) -> list[Region]:
        return [replace(plate, box=Box(640 - 180, 200, 640 - 100, 230))] if "plate" in scores else []

    monkeypatch.setattr("visard.verify.seen_again.find_kinds", mirrored)
    draft, bare = Frame(np.zeros((380, 640, 3), np.uint8)), np.zeros((380, 640), np.uint8)
    covered = bare.copy()
    covered[190:240, 90:190] = 255
    for cover, regions, found in ((bare, [], 1), (covered, [plate], 0), (bare, [replace(plate, hide=False)], 0)):
        again = SeenAgain(["plate"], still=True)
        again.see(draft, regions, cover)
        assert again.check().value == found and again.check().passed == (not found)
        assert [r.box for s in again.missed for r in s.regions] == [plate.box] * found
    nobody = SeenAgain(["face"], still=True)
    nobody.see(draft, [], bare)
    assert nobody.check().passed
