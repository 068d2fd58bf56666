"""The reader of sex, age and group: fitted on labelled faces, tried on people it never met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visard.methods.donors import bank
from visard.train.faces import Faces, Label
from visard.train.reader import ENOUGH, fit_reader, try_reader


@pytest.fixture(scope="module")
def faces() -> Faces:
    """The faces of 400 donors, labelled with what their people are on average."""
    donors = bank()
    rows = np.linspace(0, len(donors) - 1, 400).astype(int)
    a = donors.attributes[rows]
    labels: list[Label | None] = [Label(10 * float(v[1]), float(v[0] > 0.5), int(v[2:].argmax())) for v in a]
    nothing = np.zeros((400, 3), np.float32)
    names = [str(i) for i in rows]
    textures = np.stack([donors.texture(int(i)) for i in rows])
    return Faces(names, names, labels, textures, nothing, nothing, nothing, nothing, donors.embeddings[rows])


def test_it_reads_people_it_never_met(faces: Faces) -> None:
    trial = try_reader(faces)
    assert trial.faces == 80
    assert trial.sex > 0.9 and trial.adult_sex > 0.9 and trial.group > 0.8 and trial.age < 8


def test_it_reads_as_the_bank_does(faces: Faces) -> None:
    reader = fit_reader(faces)
    assert reader is not None
    ours, theirs = (read(faces.textures[7], faces.embeddings[7]) for read in (reader, bank().reader))
    assert ours.shape == theirs.shape == (7,) and np.abs(ours - theirs).max() < 1.5


def test_photos_of_one_person_are_not_divided(faces: Faces) -> None:
    assert try_reader(replace(faces, people=["one"] * 100 + faces.people[100:])).faces == 100 + 60


def test_few_labels_make_no_reader(faces: Faces) -> None:
    some: list[Label | None] = [*faces.labels[: ENOUGH - 1], *[None] * (len(faces) - ENOUGH + 1)]
    assert fit_reader(replace(faces, labels=some)) is None
    with pytest.raises(ValueError, match="labelled"):
        try_reader(replace(faces, labels=[None] * len(faces)))
