"""Detection hindered: no more noise than two detectors need, and an error where they see through all of it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import find_faces
from visard.errors import ModelError, UsageError, VisardError
from visard.found import Found
from visard.hider import Hider
from visard.methods import fits, make
from visard.methods.undetect import Undetect, _same
from visard.models import store
from visard.policy import Policy, Rule, default_rule
from visard.shape.align import cut
from visard.types import Box, Frame, Patch, Pixels, Region


@pytest.fixture(scope="module")
def patch(astronaut: Pixels) -> Patch:
    (face, *_) = find_faces(astronaut)
    window = cut(Frame(astronaut), face, Rule(), 1)
    assert window is not None
    return window


@pytest.mark.parametrize("by", ["noise", "impulse", "svd"])
def test_it_takes_the_least_that_all_detectors_lose_the_face_at(by: str, patch: Patch) -> None:
    method = Undetect(by=by)
    new = method(patch)
    coded = cv2.imencode(".jpg", new[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    assert not find_faces(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8))
    (told,) = method.told()
    least = float(told.rsplit(" ", 1)[1])
    with pytest.raises(VisardError, match="still finds a face"):
        Undetect(by=by, most=0.4 * least)(patch)


def test_one_detector_needs_no_more_than_two(patch: Patch) -> None:
    both, one = Undetect(by="noise"), Undetect(by="noise", detectors="blazeface")
    for method in (both, one):
        method(patch)
    strength = [float(method.told()[0].rsplit(" ", 1)[1]) for method in (one, both)]
    assert strength[0] <= strength[1]


def test_detectors_of_people_alone_are_none_of_a_face(patch: Patch) -> None:
    with pytest.raises(UsageError, match="detectors is 'nanodet,movenet'; name centerface or blazeface"):
        Undetect(detectors="nanodet,movenet")(patch)


def test_plates_and_text_are_not_hidden_from_detectors_of_people() -> None:
    assert not any(fits("undetect", kind) for kind in ("plate", "text", "vehicle"))
    assert all(fits("undetect", kind) for kind in ("face", "head", "person"))


def test_without_the_networks_of_people_it_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch, patch: Patch) -> None:
    monkeypatch.setattr(store, "absent", lambda names=(): ("movenet",))
    with pytest.raises(ModelError, match="visard models fetch movenet"):
        Undetect()(replace(patch, kind="person"))


def test_a_subject_keeps_its_strength_from_frame_to_frame(patch: Patch) -> None:
    method = make("undetect")
    assert isinstance(method, Undetect)
    assert np.array_equal(method(patch), method(patch)) and len(method.told()) == 1


def test_where_one_kind_of_change_does_not_do_the_next_is_tried(patch: Patch) -> None:
    flat = Patch(np.full((60, 60, 3), 128, np.uint8), np.ones((60, 60), np.float32))
    for by, other in (("svd", ""), ("svd,noise", "with noise")):
        method = Undetect(by=by)
        if other:
            method(flat)
            assert other in method.told()[0]
        else:
            with pytest.raises(VisardError, match="with svd at strength 1; try --set by=noise,impulse, or use fill"):
                method(flat)


def test_what_is_seen_counts_where_it_was_or_within() -> None:
    hidden = Box(40, 40, 80, 120)
    assert _same(Region("person", Box(35, 30, 85, 125), 0.5), hidden), "somebody at the place"
    assert _same(Region("face", Box(50, 50, 60, 60), 0.5), hidden), "a face in there"
    assert not _same(Region("person", Box(0, 0, 160, 160), 0.5), hidden), "the view as a whole"
    assert not _same(Region("person", Box(70, 40, 110, 120), 0.5), hidden), "a neighbour"
    assert not _same(Region("person", Box(50, 50, 60, 60), 0.5), hidden), "a speck"
    half = Region("face", Box(65, 65, 70, 70), 0.5)
    assert _same(half, hidden, 0.5, (40, 40)), "a view of half the size, in the middle of the same"


def test_people_are_hidden_as_wide_rectangles(astronaut: Pixels) -> None:
    """To a detector an oval as high as a person is one."""
    own = Region("person", Box(100, 50, 200, 350), 0.9, track=1, outline=np.zeros((8, 2), np.float32))
    rule = replace(default_rule("person"), method="undetect")
    hider = Hider(Policy({"person": rule}))
    (shaped,) = hider.shaped(Found({0: (own,)})).regions[0]
    assert shaped.box == own.box
    window = cut(Frame(astronaut), shaped, rule, 1)
    assert window is not None
    left, top, width, height = cv2.boundingRect(np.asarray(window.mask > 0.5, np.uint8))
    assert width > 145 and height > 430 and window.mask[top + 8, left + 8] == 1, "as wide as it is meant, with corners"


def test_what_is_no_face_is_changed_all_the_same() -> None:
    flat = Patch(np.full((60, 60, 3), 128, np.uint8), np.ones((60, 60), np.float32))
    assert not np.array_equal(make("undetect")(flat), flat.pixels)
