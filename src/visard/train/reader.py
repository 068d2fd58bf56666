"""The reader of sex, age and group: a ridge regression on reduced textures and dlib's embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import Reader, reduced
from visard.train.faces import Faces, Label

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]

ENOUGH = 200
"""Labelled faces from which on a reader is fitted; with fewer the shipped one reads better."""

_LIGHT = 300.0
"""Weight of the squared coefficients of texels, which have a deviation of about 1."""

_SCALE = 1 / 30
"""Texels' scale beside the embedding's, which has a norm of about 1.4; `_LIGHT` times its square holds for both."""

_HELD_OUT = 5
"""Every which labelled person is left out when a reader is tested."""

CHILD = 13.0
"""Age in years from which on sex is tested apart: below it labels themselves are guesses."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How well a reader reads faces it was not fitted on.

    faces: how many; sex, adult_sex, group: shares that are right, of all, of those aged 13 and more, and of all;
    age: mean absolute error in years.
    """

    faces: int
    sex: float
    adult_sex: float
    group: float
    age: float


def fit_reader(faces: Faces) -> Reader | None:
    """Return the reader of all labelled faces, None where fewer than `ENOUGH` are."""
    rows = labelled(faces)
    return _fit(seen(faces, rows), said(faces, rows)) if len(rows) >= ENOUGH else None


def try_reader(faces: Faces) -> Trial:
    """Return how well a reader of four fifths of the labelled faces reads the rest; raises ValueError for none."""
    rows = labelled(faces)
    if not len(rows):
        raise ValueError("no face is labelled")
    # By person, so that nobody is met again.
    order = {name: k for k, name in enumerate(dict.fromkeys(faces.people[i] for i in rows))}
    test = np.array([order[faces.people[i]] % _HELD_OUT == 0 for i in rows])
    look, truth = seen(faces, rows), said(faces, rows)
    reader = _fit(look[~test], truth[~test])
    read, truth = (look[test] - reader.mean) @ reader.weight + reader.base, truth[test]
    sex = (read[:, 0] > 0.5) == (truth[:, 0] > 0.5)
    adult = truth[:, 1] * 10 >= CHILD
    return Trial(
        faces=len(truth),
        sex=float(sex.mean()),
        adult_sex=float(sex[adult].mean()) if adult.any() else float("nan"),
        group=float((read[:, 2:].argmax(axis=1) == truth[:, 2:].argmax(axis=1)).mean()),
        age=float(10 * np.abs(read[:, 1] - truth[:, 1]).mean()),
    )


def labelled(faces: Faces) -> NDArray[np.intp]:
    """Return the rows of the faces of which something is said."""
    return np.flatnonzero([label is not None for label in faces.labels])


def seen(faces: Faces, rows: NDArray[np.intp]) -> Floats:
    """Return (n, L + 128) what a reader sees of the faces of these rows."""
    looks = np.stack([reduced(np.asarray(faces.textures[i])) for i in rows])
    return np.hstack([looks, faces.embeddings[rows]])


def said(faces: Faces, rows: NDArray[np.intp]) -> Floats:
    """Return (n, 7) the attributes of the labels of these rows."""
    return np.stack([attributes(label) for i in rows if (label := faces.labels[i]) is not None])


def attributes(label: Label) -> Floats:
    """Return (7,) a label as `Bank.attributes` has it: sex, tens of years, one of five groups."""
    return np.array([label.sex, label.age / 10, *(label.group == g for g in range(5))], np.float32)


def _fit(look: Floats, truth: Floats) -> Reader:
    """Return the ridge regression (Hoerl and Kennard 1970) of truth (n, 7) on look (n, L + 128)."""
    scale = np.full(look.shape[1], _SCALE)
    scale[-128:] = 1
    mean, base = look.mean(axis=0, dtype=np.float64), truth.mean(axis=0, dtype=np.float64)
    x = (look - mean) * scale
    inner: Wide = x.T @ x
    inner[np.diag_indices_from(inner)] += _LIGHT * _SCALE**2
    weight = scale[:, None] * np.linalg.solve(inner, x.T @ (truth - base))
    return Reader(weight.astype(np.float32), mean.astype(np.float32), base.astype(np.float32))
