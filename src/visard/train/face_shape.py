"""How faces differ in shape is learnt: the mean face, its 60 directions, and what of them is who one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from visard.errors import UsageError
from visard.publish import publish
from visard.shape.landmarks import LEFT_EYE, RIGHT_EYE, find_mesh
from visard.shape.mesh import canonical, shape_file
from visard.train.card import Row, render, terms_row
from visard.train.covariances import PICTURES, Wide, between_share, by_person, covariances, wiener
from visard.train.faces import Photo, Told, is_development, packed, photographed

COMPONENTS = 60
"""Directions in the basis."""

_SURE = 0.9
"""Score of the mesh network from which on a face is learnt from."""

_ROUNDS = 4
"""Alignments: the mean moves by less than a thousandth of the eyes' distance in the last."""

_STEADY = 10.0
"""By how much a mean of some ten people's shapes varies less within people than one picture does."""

_HELD_OUT = 5
"""Every which person is left out when the estimate of who somebody is is tested."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """What was learnt: mean (468, 3), basis (60, 1404), offset (468, 3) of the shapes from the mean.

    between, within: (60, 60) covariances in the basis; explained: share of the variance that the basis holds.
    """

    mean: Wide
    basis: Wide
    offset: Wide
    between: Wide
    within: Wide
    explained: float


def train(
    data: Path, out: Path, terms: str = "", overwrite: bool = False, told: Told = lambda stage, done, total: None
) -> dict[str, float]:
    """Write out/face_shape.safetensors and its card, and return counts and how well it agrees with the shipped one.

    data: the development data or a folder of photos, in which folders are people. The flat layout of the mesh and its
    triangles stay the shipped ones. Raises UsageError where photos or people do not suffice, TargetError, ModelError.
    """
    with publish(out / "face_shape.safetensors", overwrite) as draft, publish(out / "face_shape.md", overwrite) as card:
        people, vertices, photos = _read(data, told)
        mean = average(vertices)
        shapes = unpose(vertices, mean)
        try:
            learnt = learn(shapes, people, mean)
        except ValueError as error:
            hint = "give more photos of each person, in folders of their own"
            raise UsageError(str(error), where=data, hint=hint) from error
        save_file(pack(learnt), str(draft))
        told_of = {"photos": photos, "faces": len(people), "people": len(set(people))}
        figures = told_of | compare(learnt, shapes) | held_out(shapes, people, mean)
        card.write_text(_card(figures, draft.stat().st_size, terms), "utf-8")
    return figures


def average(vertices: NDArray[np.float32]) -> Wide:
    """Return the (468, 3) mean of (N, 468, 3) faces without their poses, symmetric, outer eye corners 1 apart.

    Source: generalised Procrustes analysis (Gower 1975) with Umeyama's poses, from the shipped mean face on.
    """
    mean = canonical().shape.astype(np.float64)
    mirror = shape_file()["mirror"]
    for _ in range(_ROUNDS):
        mean = unpose(vertices, mean).mean(axis=0)
        mean -= mean.mean(axis=0)
        mean = (mean + (mean * (-1, 1, 1))[mirror]) / 2
        mean /= np.linalg.norm(mean[RIGHT_EYE[0]] - mean[LEFT_EYE[0]])
    return mean


def unpose(vertices: NDArray[np.float32], mean: Wide) -> Wide:
    """Return (N, 468, 3) faces as they lie on the mean face, without their poses."""
    face = replace(canonical(), shape=mean.astype(np.float32))
    return np.stack([face.fit_pose(v).lift(v) for v in vertices]).astype(np.float64)


def learn(shapes: Wide, people: list[str], mean: Wide) -> Shapes:
    """Return the principal directions of (N, 468, 3) shapes and their covariances between and within people.

    Raises ValueError for too few shapes, or fewer people with `PICTURES` of them than make a covariance.
    """
    if len(shapes) <= COMPONENTS:
        raise ValueError(f"{len(shapes)} faces do not make {COMPONENTS} directions")
    apart = (shapes - mean).reshape(len(shapes), -1)
    offset = apart.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(apart.T))
    basis = directions[:, : -COMPONENTS - 1 : -1].T
    between, within = covariances((apart - offset) @ basis.T, people)
    explained = float(variance[-COMPONENTS:].sum() / variance.sum())
    return Shapes(mean, basis, offset.reshape(-1, 3), between, within, explained)


def pack(learnt: Shapes) -> dict[str, NDArray[Any]]:
    """Return the tensors of the file: what was learnt, and the mesh's layout, which is the shipped one."""
    kept = {name: shape_file()[name] for name in ("uv", "triangles", "mirror")}
    return kept | {
        "shape": learnt.mean.astype(np.float32),
        "basis": np.ascontiguousarray(learnt.basis, np.float16),
        "offset": learnt.offset.astype(np.float16),
        "wiener": np.ascontiguousarray(wiener(learnt.between, learnt.within), np.float32),
        "wiener_mean": np.ascontiguousarray(wiener(learnt.between, learnt.within / _STEADY), np.float32),
    }


def compare(learnt: Shapes, shapes: Wide) -> dict[str, float]:
    """Return how a shape agrees with the shipped one, on (N, 468, 3) shapes.

    mean_error: root mean square distance of the vertices of mean + offset, in distances of the eyes. explained,
    explained_shipped: share of the variance that each basis holds. agreement: correlation of the two estimates of
    who somebody is, over all vertices.
    """
    face, file = canonical(), shape_file()
    ours, theirs = learnt.mean + learnt.offset, (face.shape + face.offset).astype(np.float64)
    flat = (shapes - shapes.mean(axis=0)).reshape(len(shapes), -1)
    old = np.linalg.qr(face.basis.astype(np.float64).T)[0].T
    estimates = [
        flat @ learnt.basis.T @ wiener(learnt.between, learnt.within).T @ learnt.basis,
        flat @ face.basis.T @ file["wiener"].T @ face.basis,
    ]
    return {
        "mean_error": float(np.sqrt(((ours - theirs) ** 2).sum(axis=1).mean())),
        "explained": learnt.explained,
        "explained_shipped": float(((flat @ old.T) ** 2).sum() / (flat**2).sum()),
        "agreement": float(np.corrcoef(*(e.ravel() for e in estimates))[0, 1]),
    }


def held_out(shapes: Wide, people: list[str], mean: Wide) -> dict[str, float]:
    """Return the share of variance between people, `raw` and `estimated`, of those `left_out`; NaN for few.

    The estimate is learnt from the others; the nearer to 1, the more of it is who somebody is.
    """
    often = [rows for rows in by_person(people) if len(rows) >= PICTURES]
    test = np.concatenate(often[::_HELD_OUT])
    rest = np.setdiff1d(np.arange(len(people)), test)
    number = {"left_out": float(len(often[::_HELD_OUT]))}
    try:
        learnt = learn(shapes[rest], [people[i] for i in rest], mean)
    except ValueError:
        return number | {"raw": float("nan"), "estimated": float("nan")}
    apart = (shapes[test] - learnt.mean - learnt.offset).reshape(len(test), -1) @ learnt.basis.T
    who = [people[i] for i in test]
    estimated = apart @ wiener(learnt.between, learnt.within).T
    return number | {"raw": between_share(apart, who), "estimated": between_share(estimated, who)}


def _read(data: Path, told: Told) -> tuple[list[str], NDArray[np.float32], int]:
    """Return who is seen, (N, 468, 3) vertices of sure faces, and how many photos there were."""
    names = ("utk_train", "celeba_train") if is_development(data) else ()
    sets: list[tuple[Iterator[Photo | None], int]] = [(p, n) for p, n in (packed(data, name) for name in names)]
    sets = sets or [photographed(data)]
    total = sum(count for _, count in sets)
    people, vertices = [], []
    for done, photo in enumerate(chain.from_iterable(photos for photos, _ in sets), 1):
        told("reading faces", done, total)
        mesh = None if photo is None else find_mesh(photo.pixels, photo.region)
        if photo is not None and mesh is not None and mesh.score > _SURE:
            people.append(photo.person)
            vertices.append(mesh.vertices)
    if not people:
        raise UsageError("no photo shows a face", where=data, hint="give --data a folder of photos of people")
    return people, np.stack(vertices), total


def _card(figures: dict[str, float], size: int, terms: str) -> str:
    f = figures
    left_out = (
        f"of {f['left_out']:.0f} people with {PICTURES} pictures or more, left out: {f['raw']:.2f} of the variance "
        f"lies between people, {f['estimated']:.2f} of the estimate's"
    )
    rows: list[Row] = [
        ("data", f"{f['faces']:,} sure faces of {f['photos']:,} photos, {f['people']:,} people"),
        terms_row(terms),
        ("made by", "`visard train shape`: poses removed, mirrored and averaged; principal components; covariances"),
        ("basis", f"{COMPONENTS} directions hold {f['explained']:.4%} of the variance"),
        ("who somebody is", left_out if not np.isnan(f["raw"]) else "not measured: too few people to leave any out"),
        (
            "beside the shipped file",
            f"mean face {f['mean_error']:.4f} distances of the eyes away (root mean square); the shipped basis holds "
            f"{f['explained_shipped']:.4%} of the variance; estimates of who somebody is correlate by "
            f"{f['agreement']:.3f}",
        ),
        ("kept from the shipped file", "`uv`, `triangles` and `mirror`: the mesh's layout"),
        ("size", f"{size:,} bytes"),
    ]
    first = "The mean face of the 468-point mesh, and how people's faces differ in shape."
    held = "Averages and directions over all pictures; no single person's shape."
    return render("face_shape.safetensors", first, rows, [("What it holds.", held)])
