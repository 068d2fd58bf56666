"""Methods for machines only, through the corridor: doubted by what they promise, and honest in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from visard.cli.app import run
from visard.detect import find_faces, second_opinion
from visard.models import store
from visard.types import Pixels


def hide(photo: Path, out: Path, *settings: str, method: str, hide: str = "faces") -> tuple[int, dict[str, Any]]:
    """Return the exit code and the report's entry."""
    pairs = [part for setting in settings for part in ("--set", setting)]
    code = run(["hide", str(photo), "--out", str(out), "--hide", hide, "--method", method, "--quiet", *pairs])
    (entry,) = json.loads((out / "report.json").read_text("utf-8"))["files"]
    return code, entry


def checks(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in entry["checks"]}


def test_a_perturbed_face_is_still_one_and_nobody_s(photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    code, entry = hide(photo, tmp_path / "out", method="pfgvm")
    assert code == 0
    assert checks(entry)["known_again"]["value"] < 0.1 and checks(entry)["face_lost"]["value"] == 0
    before, after = (np.asarray(Image.open(p)).astype(int) for p in (photo, tmp_path / "out" / photo.name))
    assert np.abs(before - after).mean() < 3, "people see the same picture"
    assert find_faces(after.astype(np.uint8))


def test_a_perturbation_that_does_not_work_is_not_written(photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    code, entry = hide(photo, tmp_path / "out", "steps=1", "strength=0.05", method="pfgvm")
    assert code == 5 and "known_again" in entry["error"]
    assert not (tmp_path / "out" / photo.name).exists()


def test_who_is_too_small_to_be_perturbed_is_covered_and_told_of(astronaut: Pixels, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    small = np.asarray(cv2.resize(astronaut, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA), np.uint8)
    Image.fromarray(np.pad(small, ((0, 150), (0, 150), (0, 0)), "edge")).save(tmp_path / "far.png")
    code, entry = hide(tmp_path / "far.png", tmp_path / "out", method="pfgvm")
    assert code == 0 and any("hidden with haze: too small" in note for note in entry["notes"])


def test_detectors_lose_the_face_and_the_report_says_at_what_strength(photo: Path, tmp_path: Path) -> None:
    code, entry = hide(photo, tmp_path / "out", method="undetect")
    assert code == 0
    assert any("lost to centerface, blazeface with svd at strength 0." in note for note in entry["notes"])
    saved = np.asarray(Image.open(tmp_path / "out" / photo.name))
    assert not find_faces(saved) and not second_opinion(still=True)(saved)


def test_a_face_that_stays_found_is_an_error(photo: Path, tmp_path: Path) -> None:
    code, entry = hide(photo, tmp_path / "out", "most=0.01", method="undetect")
    assert code == 1 and "still finds a face with svd or noise or impulse at strength 0.01" in entry["error"]
    assert not (tmp_path / "out" / photo.name).exists()


@pytest.mark.skipif(bool(store.absent(("nanodet", "movenet"))), reason="the networks of people were not fetched")
def test_a_person_who_stays_found_is_an_error(photo: Path, tmp_path: Path) -> None:
    code, entry = hide(photo, tmp_path / "out", "most=0.01", method="undetect", hide="people")
    assert code == 1 and "still finds a person with svd or noise or impulse at strength 0.01" in entry["error"]
    assert not (tmp_path / "out" / photo.name).exists()


@pytest.mark.skipif(bool(store.absent(("nanodet", "movenet"))), reason="the networks of people were not fetched")
def test_noise_in_the_shape_of_a_person_is_seen_again(photo: Path, tmp_path: Path) -> None:
    """Whoever promises that detectors lose people is held to it: too little is found, whatever covers it."""
    code, entry = hide(photo, tmp_path / "out", "strength=0.01", method="noise", hide="people")
    assert code == 5 and "seen_again is" in entry["error"]
    assert not (tmp_path / "out" / photo.name).exists()
