"""How models/weights/eigenfaces.safetensors is made: mean face, eigenfaces and SVDD centre, in plain numpy.

The square of `shape/square.py` shows hair and background, which tight chips such as UTKFace's lack. What a picture
does not show is filled with what the basis so far expects from the rest, and the basis is made again: the E and M
steps of probabilistic PCA with missing values (Tipping and Bishop 1999), without the posterior's own spread.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save_file

from visard.shape.similarity import fit
from visard.shape.square import TEMPLATE, see
from visard.train.svdd import svdd

Floats = NDArray[np.float32]

SETS = ("celeba_train", "utk_train")
_CHUNK = 512

_ALIKE = 75.0
"""How many neighbouring values (5 x 5 pixels of 3 colours) say the same where a face differs from its eigenfaces:
they are one piece of evidence on what is not shown, not 75."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the shipped file was made with."""

    size: int = 64
    components: int = 140
    rounds: int = 2
    outside: float = 0.05
    seed: int = 0


def train(data: Path, target: Path, recipe: Recipe | None = None) -> dict[str, float]:
    """Fit mean, eigenfaces and SVDD centre on the training tars in a folder, write them, and return what to report.

    data: folder with celeba_train and utk_train, each a .tar and a .csv with five landmarks. target: the
    safetensors file. Raises OSError or KeyError for missing data. Source: METHODS 2.2 and 2.3.
    """
    recipe = recipe or Recipe()
    faces, shown = _load(data, recipe.size)
    whole = shown.mean(axis=1) > 0.98
    mean, basis, variance, noise = _fit(faces[whole], recipe)
    for _ in range(recipe.rounds):
        _fill(faces, shown, ~whole, mean, basis, variance, noise)
        mean, basis, variance, noise = _fit(faces, recipe)
    c = np.concatenate([(part - mean) @ basis.T for part in _parts(faces)])
    alpha, centre, radius = svdd(c.astype(np.float64), recipe.outside)
    shape = (recipe.size, recipe.size, 3)
    tensors: dict[str, NDArray[Any]] = {
        "mean": mean.reshape(shape).astype(np.float32),
        "basis": basis.reshape(-1, *shape).astype(np.float16),
        "variance": variance.astype(np.float32),
        "svdd_centre": (mean + centre.astype(np.float32) @ basis).reshape(shape).astype(np.float32),
    }
    save_file(tensors, str(target), {"recipe": repr(recipe)})
    shares = {f"explained_{q}": _explained(faces, shown, mean, basis[:q]) for q in (10, 20, 40, 80, len(basis))}
    return {
        "images": len(faces),
        "images_whole": int(whole.sum()),
        "mean_distance_whole": float(np.linalg.norm(faces[whole] - mean, axis=1).mean()),
        "svdd_radius": radius,
        "svdd_support": int((alpha > 0).sum()),
        **shares,
    }


def _explained(faces: Floats, shown: NDArray[np.bool_], mean: Floats, basis: Floats) -> float:
    """Return the share of the variance of the values shown that the basis explains; what was filled in has no say."""
    left = total = 0.0
    for start in range(0, len(faces), _CHUNK):
        own, seen = faces[start : start + _CHUNK] - mean, np.repeat(shown[start : start + _CHUNK], 3, axis=1)
        total += float(np.square(own[seen]).sum(dtype=np.float64))
        left += float(np.square((own - (own @ basis.T) @ basis)[seen]).sum(dtype=np.float64))
    return 1.0 - left / total


def _load(data: Path, size: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the aligned faces (N, d) in [0, 1] and which of their values (N, d / 3) the source showed."""
    faces, shown = [], []
    for name in SETS:
        with (data / f"{name}.csv").open(newline="") as table:
            points = {_key(row): _points(row) for row in csv.DictReader(table)}
        for key, picture in _pictures(data / f"{name}.tar"):
            to_square = fit(points[key], TEMPLATE * size)
            faces.append(see(picture, to_square, size, size, enlarge=cv2.INTER_CUBIC).reshape(-1))
            ones = np.ones(picture.shape[:2], np.float32)
            inside = see(ones, to_square, size, size, cv2.BORDER_CONSTANT)
            shown.append(inside.reshape(-1) > 0.999)
    return np.stack(faces).astype(np.float32) / np.float32(255), np.stack(shown)


def _fit(faces: Floats, recipe: Recipe) -> tuple[Floats, Floats, Floats, float]:
    """Return (mean (d), basis (q, d), variance (q), left-over variance of one value) by subspace iteration."""
    mean = faces.mean(axis=0, dtype=np.float64).astype(np.float32)
    random = np.random.default_rng(recipe.seed)
    q, d = recipe.components, len(mean)
    span = random.standard_normal((d, q + 30)).astype(np.float32)
    for _ in range(6):
        image = sum(((part - mean).T @ ((part - mean) @ span) for part in _parts(faces)), np.zeros_like(span))
        span, _ = np.linalg.qr(image)
    c = np.concatenate([(part - mean) @ span for part in _parts(faces)]).astype(np.float64)
    values, turn = np.linalg.eigh(c.T @ c / len(c))
    order = np.argsort(values)[::-1][:q]
    total = sum(float(((part - mean) ** 2).sum(dtype=np.float64)) for part in _parts(faces)) / len(faces)
    noise = (total - float(values[order].sum())) / d
    return mean, (span @ turn[:, order].astype(np.float32)).T.copy(), values[order].astype(np.float32), noise


def _fill(
    faces: Floats, shown: NDArray[np.bool_], which: NDArray[np.bool_], mean: Floats, basis: Floats,
    variance: Floats, noise: float,
) -> None:  # fmt: skip
    """Put, in place, the expectation given the values shown into those that were not (E step)."""
    for i in np.flatnonzero(which):
        seen = np.repeat(shown[i], 3)
        e = basis[:, seen]
        c = np.linalg.solve(e @ e.T + np.diag(_ALIKE * noise / variance), e @ (faces[i, seen] - mean[seen]))
        faces[i, ~seen] = np.clip(mean[~seen] + c @ basis[:, ~seen], 0.0, 1.0)


def _parts(faces: Floats) -> Iterator[Floats]:
    return (faces[start : start + _CHUNK] for start in range(0, len(faces), _CHUNK))


def _pictures(tar: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    with tarfile.open(tar) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))


def _key(row: dict[str, str]) -> str:
    return f"{row['identity']}/{row['file']}" if "identity" in row else row["file"]


def _points(row: dict[str, str]) -> Floats:
    return np.array([[float(row[f"lm_x{i}"]), float(row[f"lm_y{i}"])] for i in range(1, 6)], np.float32)
