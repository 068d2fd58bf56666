"""What the surroundings of a face tell of whom they surround, linearly: enough to choose a donor that fits, no more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import bank
from visard.methods.scene import fill_in, outlook
from visard.models.inpainter import Guess
from visard.shape.mesh import canonical
from visard.train.album import Album
from visard.train.faces import Told
from visard.train.samples import Practice

Floats = NDArray[np.float32]

_RIDGE = 30.0
"""Strength of the regression's penalty, in units of each value's variance."""

_HELD_OUT = 5
"""Every which person is left out when the guess is tried."""


def learn(album: Album, told: Told, faces: int = 4000) -> tuple[Guess, dict[str, float]]:
    """Return the guess fitted on hidden faces of an album, and how well it does on people left out.

    sex: share guessed right; age: mean error in years; tone: mean error in Lab, lightness counted 0.6.
    """
    rng = np.random.default_rng(0)
    practice = Practice(album)
    picked = rng.choice(practice.sceneries, min(faces, 2 * len(practice.sceneries)))
    seen, traits = [], []
    for done, i in enumerate(picked, 1):
        told("guessing whom scenes surround", done, len(picked))
        scene = practice.hide(int(i), rng, tight=False)
        identity = bank().identity(canonical().fit_pose(scene.vertices).lift(scene.vertices))
        seen.append(outlook(fill_in(scene.colour, scene.known), scene.known, identity))
        traits.append(album.traits[i])
    x, y = np.stack(seen), np.asarray(traits, np.float32)
    people = np.unique(np.asarray(album.people), return_inverse=True)[1][picked]
    held = people % _HELD_OUT == 0
    told_of = fit(x[~held], y[~held])
    guessed = np.stack([told_of(row) for row in x[held]])
    away = (guessed[:, 7:] - y[held, 7:]) * np.array([0.6, 1, 1], np.float32)
    return fit(x, y), {
        "n": float(held.sum()),
        "sex": float(((guessed[:, 0] > 0.5) == (y[held, 0] > 0.5)).mean()),
        "age": float(10 * np.abs(guessed[:, 1] - y[held, 1]).mean()),
        "tone": float(np.linalg.norm(away, axis=1).mean()),
    }


def fit(seen: Floats, traits: Floats) -> Guess:
    """Return the ridge regression of traits (N, 10) on what is seen (N, F)."""
    mean, base = seen.mean(axis=0), traits.mean(axis=0)
    spread = seen.std(axis=0) + 1e-3
    x = ((seen - mean) / spread).astype(np.float64)
    weight = np.linalg.solve(x.T @ x + _RIDGE * np.sqrt(len(x)) * np.eye(x.shape[1]), x.T @ (traits - base))
    return Guess((weight / spread[:, None]).astype(np.float32), mean.astype(np.float32), base.astype(np.float32))
