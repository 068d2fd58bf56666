"""How a face's expression shows is learnt: what moves with a mouth, what creases, and what is seen between lips."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from visard.errors import UsageError
from visard.publish import publish
from visard.shape.expression import DARK, KEPT, TALL, WIDE, between_lips, state
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import canonical, mouth_opening, sample
from visard.shape.texture import inside, skin, skin_tone
from visard.train.card import Row, render, terms_row
from visard.train.covariances import PICTURES
from visard.train.faces import Photo, Told, gathered, unrolled
from visard.types import Pixels

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]

_SIDE = 128
"""Side in texels at which creases are learnt: they are soft."""

_SURE = 0.9
"""Score of the mesh network from which on a face is learnt from."""

_TURNED, _RAISED = 20.0, 25.0
"""Degrees of yaw and of pitch up to which skin is learnt from."""

_LIGHT, _BLACK = 14.0, 16.0
"""Sigma in texels of what counts as light at that side, and what is added to it before logarithms are taken."""

_STRANGE = 0.5
"""Change of skin's logarithm that is more often a fringe or a hand than a crease."""

_STEADY = 20.0
"""Faces at rest that are taken for granted everywhere: little is learnt where few show skin."""

_ABOUT = np.array([0.045, 0.016, 0.064, 0.008, 0.012, 0.010])
"""About how far each measure moves, so that one steadiness suits all."""

_CLOSED, _PARTED = 0.45, 0.06
"""Openings of the mouth up to which donors are made of a face, and from which on something is seen between lips."""

_LARGE = 40.0
"""Width in pixels of a mouth from which on it is learnt from."""

_LOOKS = 16
"""Directions in which mouths differ."""

_LEAST = 30
"""People with enough photos, and mouths, without which nothing is learnt."""


class _Sums:
    """What adds up over people: how shapes and skin change with the measures of `state`, beside turns of the head."""

    def __init__(self) -> None:
        basis = len(canonical().basis)
        self.shape, self.mouth = np.zeros((basis, KEPT)), np.zeros((KEPT, KEPT))
        self.spread, self.faces, self.people = np.zeros(6), 0, 0
        self._inputs: list[Wide] = []
        self._squares = np.zeros((_SIDE, _SIDE, 8, 8))
        self._products = np.zeros((_SIDE, _SIDE, 8))

    def add(self, photos: list[tuple[Floats, Pixels, tuple[float, float]]]) -> None:
        """Add the (468, 3) shapes, textures, and yaws and pitches of one person's photos."""
        shapes = np.stack([shape for shape, _, _ in photos]).astype(np.float64)
        states, turns = np.stack([state(shape) for shape in shapes]), np.array([turn for _, _, turn in photos])
        states -= states.mean(axis=0)
        coded = (shapes - shapes.mean(axis=0)).reshape(len(shapes), -1) @ canonical().basis.T
        self.shape += coded.T @ states[:, :KEPT]
        self.mouth += states[:, :KEPT].T @ states[:, :KEPT]
        self.spread += (states**2).sum(axis=0)
        self.faces, self.people = self.faces + len(photos), self.people + 1
        looks, bare = map(np.stack, zip(*(_skin(texture) for _, texture, _ in photos), strict=True))
        looks -= np.median(looks, axis=0)
        inputs = np.hstack([states / _ABOUT, (turns - turns.mean(axis=0)) / 10])
        weight = bare * np.exp(-((looks / _STRANGE) ** 2))
        self._squares += np.einsum("nhw,nj,nk->hwjk", weight, inputs, inputs, optimize=True)
        self._products += np.einsum("nhw,nj->hwj", weight * looks, inputs, optimize=True)

    def creases(self) -> Floats:
        """Return (6, S, S): how skin's logarithm changes by one spread of each measure, whatever the head's turn."""
        steady = self._squares + _STEADY * np.eye(8)
        found = np.linalg.solve(steady, self._products[..., None])[..., :6, 0]
        return np.asarray((found / _ABOUT * self.deviations()).transpose(2, 0, 1), np.float32)

    def deviations(self) -> Wide:
        """Return (6,) how far people's measures lie from their own mean."""
        return np.asarray(np.sqrt(self.spread / (self.faces - self.people)))


def train(
    data: Path, out: Path, terms: str = "", overwrite: bool = False, told: Told = lambda stage, done, total: None
) -> dict[str, float]:
    """Write out/expression.safetensors and its card, and return counts and how much of mouths is explained.

    data: the development data, or a folder with a folder for each person. Raises UsageError where the people do not
    suffice, TargetError, ModelError.
    """
    with publish(out / "expression.safetensors", overwrite) as draft, publish(out / "expression.md", overwrite) as card:
        sums, rest, mouths, photos = _read(data, told)
        if min(sums.people, len(mouths)) < _LEAST:
            what = f"{sums.people} people with {PICTURES} usable photos and {len(mouths)} open mouths"
            raise UsageError(what, where=data, hint=f"{_LEAST} of each are needed")
        mean, looks, deviations, explained = directions(np.stack(mouths).astype(np.float32))
        tensors: dict[str, NDArray[Any]] = {
            "rest": np.mean(rest, axis=0).astype(np.float32),
            "spread": sums.deviations().astype(np.float32),
            "moves": (sums.shape @ np.linalg.inv(sums.mouth)).astype(np.float32),
            "creases": sums.creases().astype(np.float16),
            "mouth": mean.astype(np.float16),
            "looks": looks.astype(np.float16),
            "deviations": deviations.astype(np.float32),
        }
        save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, str(draft))
        counts = {"photos": photos, "faces": sums.faces, "people": sums.people, "mouths": len(mouths)}
        figures: dict[str, float] = {**counts, "explained": explained}
        card.write_text(_card(figures, draft.stat().st_size, terms), "utf-8")
    return figures


def directions(mouths: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Return mean (16, 48, 3), directions (16, 2304), deviations (16,) of N mouths, and the share of them explained.

    mouths: (N, 16, 48, 3), 0 to 255; their mirror images count as much.
    """
    tones = np.log(mouths + DARK)
    tones -= tones.mean(axis=(1, 2, 3), keepdims=True)
    both = np.concatenate([tones, tones[:, :, ::-1]]).reshape(2 * len(tones), -1)
    mean = both.mean(axis=0)
    variance, found = np.linalg.eigh(np.cov((both - mean).T.astype(np.float64)))
    looks, most = found[:, : -_LOOKS - 1 : -1].T, variance[: -_LOOKS - 1 : -1]
    explained = float(most.sum() / variance.sum())
    return mean.reshape(TALL, WIDE, 3), looks.astype(np.float32), np.sqrt(most).astype(np.float32), explained


def _read(data: Path, told: Told) -> tuple[_Sums, list[Floats], list[Pixels], int]:
    """Return the sums, the measures of faces at rest, what is between open lips, and how many photos there were."""
    photos, total = gathered(data)
    sums, rest, mouths = _Sums(), list[Floats](), list[Pixels]()

    def readable() -> Iterator[Photo]:
        for done, photo in enumerate(photos, 1):
            told("reading faces", done, total)
            if photo is not None:
                yield photo

    for _, album in groupby(readable(), key=attrgetter("person")):
        usable = []
        for photo in album:
            mesh = find_mesh(photo.pixels, photo.region)
            pose, opening = canonical().fit_pose(mesh.vertices), mouth_opening(mesh.vertices)
            yaw, pitch, _ = pose.angles
            if mesh.score < _SURE or abs(yaw) > _TURNED or abs(pitch) > _RAISED:
                continue
            shape = pose.lift(mesh.vertices)
            usable.append((shape, unrolled(photo.pixels, mesh.vertices), (yaw, pitch)))
            if opening < _CLOSED:
                rest.append(state(shape))
            if opening > _PARTED and np.linalg.norm(mesh.vertices[61, :2] - mesh.vertices[291, :2]) > _LARGE:
                mouths.append(np.asarray(sample(photo.pixels, between_lips(mesh.vertices)), np.uint8))
        if len(usable) >= PICTURES:
            sums.add(usable)
    return sums, rest, mouths, total


def _skin(texture: Pixels) -> tuple[Floats, Floats]:
    """Return (S, S) the logarithm of a texture's light without its coarse part, and how much of it is skin."""
    size = _SIDE, _SIDE
    face = cv2.resize(inside(), size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    light = np.log(grey.astype(np.float32) + _BLACK)
    coarse = cv2.GaussianBlur(light * face, (0, 0), _LIGHT) / (cv2.GaussianBlur(face, (0, 0), _LIGHT) + 1e-3)
    bare = cv2.resize(skin(texture, skin_tone(texture)), size, interpolation=cv2.INTER_AREA)
    return np.asarray((light - coarse) * face, np.float32), np.asarray(bare, np.float32)


def _card(figures: dict[str, float], size: int, terms: str) -> str:
    f = figures
    rows: list[Row] = [
        ("data", f"{f['faces']:,} faces of {f['people']:,} people with {PICTURES} photos or more, "
                 f"of {f['photos']:,} photos; {f['mouths']:,} open mouths"),
        terms_row(terms),
        ("made by", "`visard train expressions`: linear regressions within people; principal components"),
        ("mouths", f"{_LOOKS} directions hold {f['explained']:.1%} of the variance: kinds of mouths, no single teeth"),
        ("size", f"{size:,} bytes"),
    ]  # fmt: skip
    first = "What a face's expression does to its shape and skin, and what is seen between lips."
    held = "Averages, slopes and directions over all pictures; no single person's shape or mouth."
    return render("expression.safetensors", first, rows, [("What it holds.", held)])
