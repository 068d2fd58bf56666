"""Detection hindered: no more noise than two detectors need, and an error where they see through all of it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from visard.detect import find_faces
from visard.errors import ModelError, UsageError, VisardError
from visard.methods import fits, make
from visard.methods.undetect import By, Undetect
from visard.models import store
from visard.policy import Rule
from visard.shape.align import cut
from visard.types import Frame, Patch, Pixels


@pytest.fixture(scope="module")
def patch(astronaut: Pixels) -> Patch:
    (face, *_) = find_faces(astronaut)
    window = cut(Frame(astronaut), face, Rule(), 1)
    assert window is not None
    return window


@pytest.mark.parametrize("by", ["noise", "impulse", "svd"])
def test_it_takes_the_least_that_all_detectors_lose_the_face_at(by: By, patch: Patch) -> None:
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


def test_what_is_no_face_is_changed_all_the_same() -> None:
    flat = Patch(np.full((60, 60, 3), 128, np.uint8), np.ones((60, 60), np.float32))
    assert not np.array_equal(make("undetect")(flat), flat.pixels)
