"""The recipe, on drawn people: what is not shown is filled sensibly, and the shipped file is what its card says."""

from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from visard.models.eigenfaces import FILE, Eigenfaces, eigenfaces
from visard.train.eigenfaces import Recipe, train

from ..faces import Rendered, person, render


def pack(folder: Path, name: str, faces: list[Rendered], crop: int) -> None:
    """Write a training set; crop: pixels cut off on each side."""
    with tarfile.open(folder / f"{name}.tar", "w") as archive, (folder / f"{name}.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", *(f"lm_{axis}{i}" for i in range(1, 6) for axis in "xy")])
        for i, face in enumerate(faces):
            pixels = face.pixels[crop : len(face.pixels) - crop, crop : len(face.pixels) - crop]
            picture = io.BytesIO()
            Image.fromarray(pixels).save(picture, "PNG")
            member = tarfile.TarInfo(f"{i}.png")
            member.size = picture.tell()
            picture.seek(0)
            archive.addfile(member, picture)
            rows.writerow([member.name, *(face.points - crop).reshape(-1)])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Eigenfaces, dict[str, float]]:
    folder = tmp_path_factory.mktemp("train")
    faces = [render(person(seed), 128, light=0.05 * (seed % 9 - 4), noise=seed) for seed in range(80)]
    pack(folder, "celeba_train", faces[:50], crop=0)
    pack(folder, "utk_train", faces[50:], crop=24)
    told = train(folder, folder / "faces.safetensors", Recipe(size=16, components=24, outside=0.2))
    tensors = load_file(str(folder / "faces.safetensors"))
    return Eigenfaces(**{name: tensor.astype(np.float32) for name, tensor in tensors.items()}), told


def test_the_basis_is_orthonormal_and_sorted(trained: tuple[Eigenfaces, dict[str, float]]) -> None:
    for faces in (trained[0], eigenfaces()):
        flat = faces.basis.reshape(len(faces.basis), -1)
        assert np.abs(flat @ flat.T - np.eye(len(flat))).max() < 2e-3, "to half precision"
        assert (np.diff(faces.variance) <= 1e-6).all() and faces.variance[-1] > 0


def test_what_is_explained_grows(trained: tuple[Eigenfaces, dict[str, float]]) -> None:
    _, told = trained
    assert told["images"] == 80
    assert 0.3 < told["explained_10"] < told["explained_24"] <= 1


def test_the_centre_is_a_face_like_the_mean(trained: tuple[Eigenfaces, dict[str, float]]) -> None:
    for faces in (trained[0], eigenfaces()):
        assert faces.mean.min() >= 0 and faces.mean.max() <= 1
        assert np.abs(faces.svdd_centre - faces.mean).max() < 0.3


def test_the_shipped_file_is_small_and_has_a_card() -> None:
    assert FILE.stat().st_size < 4_000_000
    assert eigenfaces().size == 64
    card = FILE.with_suffix(".md").read_text("utf-8")
    for said in (
        "13,675",
        "267 people",
        "Terms",
        "xplained variance",
        "Balance",
        f"{len(eigenfaces().basis)} eigenfaces",
    ):
        assert said.lower() in card.lower()
