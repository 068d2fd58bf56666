"""Whom donors resemble: counted on points whose distances are known, and, with the data, of the shipped bank."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from visard.methods.donors import bank
from visard.shape.identity import look
from visard.train.faces import packed
from visard.train.likeness import STRANGERS, TOO_NEAR, measure, nearest

CARD = Path(__file__).parents[2] / "src" / "visard" / "models" / "weights" / "donors.md"


def test_pairs_are_counted() -> None:
    faces = np.zeros((5, 128), np.float32)
    faces[:, 0] = [0.0, 0.3, 1.0, 1.3, 5.0]
    donors = np.zeros((2, 128), np.float32)
    donors[:, 0] = [0.1, 1.2]
    found = measure(donors, faces, ["a", "a", "b", "c", "d"], [np.array([0]), np.array([2])])
    assert (found.own, found.own_near) == (3, 3), "both faces of a, and b's"
    assert (found.others, found.others_near) == (7, 1), "c's is near the second donor"
    assert (found.strangers, found.strangers_near) == (9, 1), "b and c; the faces of a are no strangers"
    assert found.first == 1 and np.isclose(found.nearest, 0.1)
    assert np.isclose(nearest(donors[1], faces), 0.1)


@pytest.mark.data
def test_nobody_is_recognisable_in_the_shipped_bank(data: Path) -> None:
    """No training person, of every fifteenth, lies nearer to any donor than the level that the card records."""
    assert f"nearer than\n{TOO_NEAR} were dropped" in CARD.read_text("utf-8")
    with (data / "utk_train.csv").open(newline="") as table:
        names = {row["file"] for row in list(csv.DictReader(table))[::15]}
    seen = [look(photo.region, photo.pixels) for photo in packed(data, "utk_train", names)[0]]
    faces = np.stack([one.embedding for one in seen if one is not None])
    apart = [np.linalg.norm(faces - donor, axis=1) for donor in bank().embeddings]
    assert len(faces) > 550
    assert np.min(apart) >= TOO_NEAR - 1e-3, "to half precision"
    assert np.mean(np.concatenate(apart) < STRANGERS) < 1e-3, "a donor resembles people less than strangers do"
