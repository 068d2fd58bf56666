"""Figures and clothes: a figure tells nothing but an outline; clothes change colour, and prints go."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import find_faces
from visard.errors import UsageError
from visard.figures import absorb
from visard.found import Found
from visard.hider import Hider
from visard.methods import fits, make
from visard.policy import Policy, Rule, only, with_rule
from visard.tracing import trace
from visard.types import Box, Frame, Kind, Patch, Pixels, Points, Region

BODY = np.array([[40, 30], [80, 30], [95, 90], [85, 200], [35, 200], [25, 90]], np.float32)


def outfit(shirt: tuple[int, int, int], mark: bool = False) -> Pixels:
    picture = np.full((220, 120, 3), (150, 160, 150), np.uint8)
    cv2.fillPoly(picture, [BODY.astype(np.int32)], shirt)
    picture[130:200, 30:90] = (40, 50, 90)
    if mark:
        for x in (50, 58, 66):
            cv2.line(picture, (x, 80), (x, 100), (250, 250, 250), 2)
    return picture


def person(track: int = 1, outline: Points = BODY) -> Region:
    low, high = outline.min(axis=0), outline.max(axis=0)
    return Region("person", Box(*low.tolist(), *high.tolist()), 0.9, track=track, outline=outline)


def worn(pixels: Pixels, words: str = "people,faces", method: str = "garment") -> Pixels:
    policy = with_rule(only(Policy(), words), "person", method=method)
    return Hider(policy)(Frame(pixels), [person()]).pixels


def test_a_figure_has_its_outline_alone_from_the_picture() -> None:
    mask = np.zeros((90, 60), np.float32)
    cv2.ellipse(mask, (30, 45), (20, 40), 0, 0, 360, 1.0, -1)
    noise = np.random.default_rng(0).integers(0, 256, (90, 60, 3), dtype=np.uint8)
    hidden = np.where((mask > 0)[..., None], noise[::-1], noise)
    one, two = (make("silhouette")(Patch(pixels, mask, seed=5)) for pixels in (noise, hidden))
    assert np.array_equal(one[mask > 0], two[mask > 0])
    flat = make("silhouette", {"look": "flat"})(Patch(noise, mask))
    assert one[mask > 0].std() > 5 and flat[15:75, 22:38].std(axis=(0, 1)).max() == 0


def test_a_figure_keeps_to_the_outline_and_its_legs_stay_apart() -> None:
    legs = [[40, 30], [80, 30], [85, 200], [70, 200], [60, 110], [50, 200], [35, 200]]
    before = outfit((180, 40, 40))
    hider = Hider(with_rule(only(Policy(), "people"), "person", method="silhouette", settings={"look": "flat"}))
    after = hider(Frame(before), [person(outline=np.array(legs, np.float32))]).pixels
    colour = after[60, 60].astype(int)
    assert np.abs(after[180, 42].astype(int) - colour).max() < 3
    assert np.abs(after[196, 60].astype(int) - colour).max() > 10, "between the legs the scene goes on"


def test_figures_who_touch_are_not_parted_by_the_scene() -> None:
    """The margin around the nearer one was drawn over the other, as a light strip, and his own pixels stay hidden."""
    before = np.full((220, 220, 3), 250, np.uint8)
    noise = np.random.default_rng(0).integers(0, 90, (180, 160, 3), dtype=np.uint8)
    before[20:200, 30:190] = noise
    left, right = (np.array([[x, 20], [x + 80, 20], [x + 80, 200], [x, 200]], np.float32) for x in (30, 110))
    hider = Hider(with_rule(only(Policy(), "people"), "person", method="silhouette", settings={"look": "flat"}))
    after = hider(Frame(before), [person(1, left), person(2, right)]).pixels
    row = after[110, 40:180].astype(int)
    apart = np.minimum(*(np.abs(row - row[at]).max(axis=1) for at in (0, -1)))
    assert (apart > 8).sum() <= 3, "figures meet, but for their soft edges"
    assert not (after[20:200, 30:190] == noise).all(axis=2).any(), "nobody shows"


def test_what_lies_around_somebody_has_no_part_in_their_blur() -> None:
    bright, dark = outfit((90, 60, 40)), outfit((90, 60, 40))
    outside = cv2.fillPoly(np.ones((220, 120), np.uint8), [BODY.astype(np.int32)], 0) > 0
    bright[outside], dark[outside] = 250, 5
    mask = cv2.fillPoly(np.zeros((220, 120), np.float32), [BODY.astype(np.int32)], 1.0)
    one, two = (make("blur")(Patch(pixels, np.asarray(mask, np.float32), "person")) for pixels in (bright, dark))
    assert np.array_equal(one[mask > 0], two[mask > 0])


def test_two_figures_have_two_colours() -> None:
    colours = {tuple(make("silhouette", {"look": "flat"})(Patch(outfit((9, 9, 9)), np.ones((220, 120), np.float32),
               seed=s))[0, 0]) for s in range(2**62, 2**62 + 8)}  # fmt: skip
    assert len(colours) == 8


def test_clothes_get_another_colour_and_lose_their_marks() -> None:
    plain, marked = (worn(outfit((180, 40, 40), mark)) for mark in (False, True))
    chest = np.s_[76:104, 46:70]
    assert np.abs(plain[chest].astype(int) - (180, 40, 40)).mean() > 25
    was = outfit((180, 40, 40), True)[chest].astype(float).std(axis=(0, 1)).max()
    assert np.abs(plain[chest].astype(int) - marked[chest]).mean() < 0.35 * was


def test_new_colours_know_nothing_of_the_old_ones() -> None:
    one, other = (
        worn(outfit(shirt))[76:104, 46:70].astype(float).mean(axis=(0, 1)) for shirt in ((180, 40, 40), (20, 80, 40))
    )
    assert np.abs(one - other).max() < 6


def test_joints_part_shirt_and_trousers_and_a_bare_arm_keeps_its_tone() -> None:
    """Someone in one grey from neck to feet, whose bent arm is as bare as the face."""
    skin = (200, 150, 120)
    picture = outfit((120, 120, 120))
    picture[130:200, 30:90] = np.where((picture[130:200, 30:90] == (40, 50, 90)).all(axis=2, keepdims=True), 120, 150)
    cv2.circle(picture, (60, 42), 10, skin, -1)
    cv2.line(picture, (45, 75), (70, 100), skin, 9)
    joints = np.array([
        (60, 43), (63, 41), (57, 41), (66, 42), (54, 42), (80, 60), (42, 60), (86, 90), (45, 75), (84, 115), (66, 96),
        (72, 120), (50, 120), (72, 160), (50, 160), (72, 195), (50, 195)], np.float32)  # fmt: skip
    policy = with_rule(only(Policy(), "people,faces"), "person", method="garment")
    new = Hider(policy)(Frame(picture), [replace(person(), points=joints)]).pixels.astype(int)
    assert np.abs(new[108, 75] - new[150, 50]).max() > 15, "another colour above than below"
    assert np.abs(new[88, 58] - skin).max() < 30 and np.abs(new[88, 58] - new[108, 75]).max() > 30


def test_light_and_shade_stay() -> None:
    shaded = outfit((180, 150, 120))
    ramp = np.linspace(0.5, 1.0, 120)[None, :, None]
    now = worn(np.clip(shaded * ramp, 0, 255).astype(np.uint8))[60:120].astype(float).mean(axis=(0, 2))
    assert now[75] > now[45]


def test_garment_is_refused_where_faces_would_stay() -> None:
    with pytest.raises(UsageError, match="leaves faces"):
        Hider(with_rule(only(Policy(), "people"), "person", method="garment"))


@pytest.mark.parametrize(("method", "kind"), [("surrogate", "plate"), ("plate", "face"), ("ksame-m", "person")])
def test_methods_are_refused_where_they_do_not_fit(method: str, kind: Kind) -> None:
    assert not fits(method, kind)
    with pytest.raises(UsageError, match=f"does not hide a {kind}"):
        Hider(Policy({kind: Rule(method)}))


@pytest.mark.parametrize("method", ["fill", "darken", "blur", "pixelate", "noise", "impulse", "silhouette"])
def test_every_naive_method_works_on_an_outline(method: str) -> None:
    before = outfit((180, 40, 40), True)
    after = worn(before, "people", method)
    inside = cv2.fillPoly(np.zeros((220, 120), np.uint8), [BODY.astype(np.int32)], 1).astype(bool)
    assert (before[inside] != after[inside]).any(axis=1).mean() > 0.6
    assert np.array_equal(before[:10], after[:10]) and np.array_equal(before[:, 110:], after[:, 110:])


def test_a_face_under_a_figure_is_part_of_it() -> None:
    hider = Hider(only(Policy(), "faces,people"))
    face = Region("face", Box(45, 35, 75, 70), 0.9, track=1)
    other = Region("face", Box(5, 5, 15, 18), 0.9, track=2)
    (kinds,) = (
        [r.kind for r in own] for own in absorb(Found({0: (face, other, person())}), hider.covers).regions.values()
    )
    assert sorted(kinds) == ["face", "person", "person"]
    spared = Found({0: (face, Region("person", person().box, 0.9, track=1, hide=False))})
    assert [r.kind for r in absorb(spared, hider.covers).at(0)] == ["face", "person"]


def test_around_a_new_face_are_the_new_clothes_and_no_old_ones(astronaut: Pixels) -> None:
    """What a new face keeps of its surroundings came from the photo: hair and scarf lay as an island in the figure."""
    seen = find_faces(astronaut)[0]
    whole = np.array([[40, 5], [430, 5], [440, 500], [30, 500]], np.float32)
    policy = with_rule(only(Policy(), "people,faces"), "person", method="garment")
    hider, one = Hider(policy), replace(person(2, whole), box=Box(30, 5, 440, 500))
    known = trace(lambda: iter([Frame(astronaut)]), Found({0: (one, replace(seen, track=1))}), hider, True)
    new = hider(Frame(astronaut), known.at(0)).pixels
    hair = np.s_[40:62, 200:260]
    assert np.abs(new[hair].astype(int) - astronaut[hair]).mean() > 20
