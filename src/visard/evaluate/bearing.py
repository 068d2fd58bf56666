"""How a face is borne: where it is turned, what its mouth and eyes do, where it looks, and its expression."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from visard.attack.cache import Array, Keep, forget
from visard.attack.looks import Look
from visard.attack.recognisers.recogniser import align
from visard.attack.score import Score, absent, rate
from visard.errors import ModelError
from visard.evaluate.interval import mean
from visard.evaluate.meshes import Meshes
from visard.methods.features import CLOSED, gaze
from visard.models.runtimes import LiteNet
from visard.models.store import entry
from visard.shape.framing import Framing
from visard.shape.landmarks import RIGHT_EYE, Vertices
from visard.shape.mesh import canonical, eye_openings, mouth_opening
from visard.types import Pixels, Points

_FRAMING = Framing(64, 0.42, 0.32)
"""How a face lies for the expression network: of seven framings the one in which `happy` fits CelebA's smiles best
(87.6 % of 153 development photos)."""

_EYE = float(np.linalg.norm(np.subtract(*(canonical().uv[i] for i in RIGHT_EYE))))
"""Width in texels of an eye's opening."""

_UNSEEN = "no face was found in a hidden picture"


def bearing(looks: Sequence[Look], found: Sequence[Meshes | None], keep: Keep = forget) -> tuple[Score, ...]:
    """Return the mean absolute changes of yaw, pitch, roll, mouth, eyes and gaze, and how often expressions stay.

    Angles are in degrees; openings are heights over widths; the gaze is in widths of an eye. Means are over the
    faces that are found again, which `pose found` counts; an expression that nobody finds again is not kept.
    """
    people = [look.person for look in looks]
    moved = [None if each is None else changes(*each) for each in found]
    names = ("yaw", "pitch", "roll", "mouth opening", "eye opening")
    kept = [_kept(name, [None if m is None else m[i] for m in moved], people) for i, name in enumerate(names)]
    looking = [_gaze_change(look, each) for look, each in zip(looks, found, strict=True)]
    stares = mean("gaze", looking, people, f"{_UNSEEN} with its eyes open")
    return (*kept, stares, *_expressions(looks, keep))


def changes(before: Vertices, after: Vertices) -> tuple[float, float, float, float, float]:
    """Return the absolute changes of yaw, pitch and roll in degrees, and of the mouth's and the eyes' opening."""
    first, second = (np.array(canonical().fit_pose(vertices).angles) for vertices in (before, after))
    yaw, pitch, roll = np.abs((second - first + 180) % 360 - 180)
    mouth = abs(mouth_opening(after) - mouth_opening(before))
    eyes = np.abs(np.subtract(eye_openings(after), eye_openings(before))).mean()
    return float(yaw), float(pitch), float(roll), float(mouth), float(eyes)


def _kept(name: str, values: Sequence[float | None], people: Sequence[str]) -> Score:
    return mean(name, values, people, _UNSEEN)


def _gaze_change(look: Look, found: Meshes | None) -> float | None:
    """Return how far the irises moved in widths of an eye; None unless an eye is open before and after."""
    if found is None:
        return None
    textures = [canonical().unwrap(p, v) for p, v in ((look.clean, found.before), (look.hidden, found.after))]
    open_eyes = np.min([eye_openings(found.before), eye_openings(found.after)], axis=0) >= CLOSED
    moved = [
        float(np.linalg.norm(np.subtract(*(gaze(texture, int(eye)) for texture in textures)))) / _EYE
        for eye in np.flatnonzero(open_eyes)
    ]
    return float(np.mean(moved)) if moved else None


def _expressions(looks: Sequence[Look], keep: Keep) -> tuple[Score, ...]:
    """Return how often the likeliest of seven expressions stays, and how often guessing the commonest one is right."""
    network = LiteNet("expression")
    try:
        network.load()
    except ModelError as error:
        return absent("expression kept", str(error)), absent("expression guessed", str(error))
    before = np.array([_expression(network, look.clean, look.points, keep) for look in looks], np.int64)
    after = np.array(
        [-1 if look.found is None else _expression(network, look.hidden, look.found, keep) for look in looks], np.int64
    )
    guessed = int(np.bincount(before).max(initial=0))
    return (
        rate("expression kept", int((before == after).sum()), len(looks)),
        rate("expression guessed", guessed, len(looks)),
    )


def _expression(network: LiteNet, pixels: Pixels, points: Points, keep: Keep) -> int:
    chip = align(pixels, points, _FRAMING)
    scores = keep(f"expression {entry('expression').sha256[:8]}", chip, partial(_ask, network, chip))
    return int(scores.argmax())


def _ask(network: LiteNet, chip: Pixels) -> Array:
    """Return the scores (7,) of a face (64, 64, 3); the network wants greys from -1 to 1 (MODELS 5)."""
    grey = chip.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return network((grey / np.float32(127.5) - 1)[None, :, :, None])[0].ravel()
