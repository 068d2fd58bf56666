"""The shape's recipe: what differs between people is told from what changes within them, whatever their poses."""

from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load_file

from visard.cli.app import run
from visard.errors import UsageError
from visard.shape.landmarks import find_mesh
from visard.shape.mesh import Pose, canonical, shape_file
from visard.train.covariances import between_share, covariances, wiener
from visard.train.face_shape import average, compare, held_out, learn, train, unpose
from visard.train.faces import packed

from .people import album, points, portrait, strangers


def crowd(people: int, pictures: int) -> tuple[NDArray[np.float64], list[str], NDArray[np.float64]]:
    """Return values of people in 5 directions, their names, and what each of them would be without expressions."""
    r = np.random.default_rng(4)
    who = np.repeat(r.normal(size=(people, 5)) * (3, 2, 1, 0.5, 0), pictures, axis=0)
    changes = r.normal(size=who.shape) * (0.3, 2, 1, 2, 1)
    return who + changes, [f"p{i // pictures}" for i in range(len(who))], who


def test_covariances_between_and_within_people_are_found() -> None:
    values, people, _ = crowd(3000, 4)
    between, within = covariances(values, people)
    assert np.allclose(np.sqrt(between.diagonal().clip(0)), (3, 2, 1, 0.5, 0), atol=0.12)
    assert np.allclose(np.sqrt(within.diagonal()), (0.3, 2, 1, 2, 1), atol=0.06)
    assert np.linalg.eigvalsh(between).min() > 0


def test_the_estimate_is_nearer_to_who_it_is_than_what_is_seen() -> None:
    values, people, who = crowd(400, 4)
    estimate = values @ wiener(*covariances(values, people)).T
    assert ((estimate - who) ** 2).sum() < 0.6 * ((values - who) ** 2).sum()
    assert between_share(estimate, people) > between_share(values, people) + 0.1
    assert abs(between_share(values, people) - 14.25 / 24.34) < 0.05


def test_who_comes_once_or_twice_tells_nothing_of_expressions() -> None:
    values, people, _ = crowd(50, 4)
    more = np.concatenate([values, 99 * np.ones((30, 5))])
    for one, other in zip(covariances(values, people), covariances(more, [*people, *map(str, range(30))]), strict=True):
        assert np.allclose(one, other)


def test_too_few_people_leave_directions_untold() -> None:
    with pytest.raises(ValueError, match="5 people with 3 usable photos"):
        covariances(*crowd(5, 4)[:2])
    with pytest.raises(ValueError, match="60 faces"):
        learn(np.zeros((60, 468, 3)), ["a"] * 60, np.zeros((468, 3)))


def test_poses_do_not_matter() -> None:
    """Faces that are turned, moved and scaled are the same faces, and so is their mean."""
    r, face = np.random.default_rng(1), canonical()
    shapes = face.shape + (0.02 * r.normal(size=(40, 60)) @ face.basis).reshape(-1, 468, 3)
    placed = []
    for shape in shapes:
        turn = np.asarray(cv2.Rodrigues(r.normal(0, 0.3, 3))[0], np.float64)
        placed.append(Pose(r.uniform(20, 300), turn, r.uniform(0, 999, 3)).place(shape))
    straight, turned = (average(np.asarray(v, np.float32)) for v in (shapes, placed))
    assert np.abs(straight - turned).max() < 2e-3
    assert np.abs(turned - (turned * (-1, 1, 1))[shape_file()["mirror"]]).max() < 1e-9
    assert np.isclose(np.linalg.norm(turned[33] - turned[263]), 1)
    assert np.abs(unpose(np.stack(placed), turned) - unpose(shapes.astype(np.float32), turned)).max() < 2e-3


def pack(folder: Path, name: str, photos: dict[str, tuple[int, float, float]]) -> None:
    """Write a development set of portraits: file -> donor, yaw and smile; a folder in a file's name is a person."""
    with tarfile.open(folder / f"{name}.tar", "w") as archive, (folder / f"{name}.csv").open("w", newline="") as table:
        rows = csv.writer(table)
        people = name == "celeba_train"
        rows.writerow([*(["identity"] * people), "file", *(f"lm_{a}{i}" for i in range(1, 6) for a in "xy")])
        for file, (donor, yaw, smile) in photos.items():
            content = io.BytesIO()
            Image.fromarray(portrait(donor, yaw, smile)).save(content, "BMP")
            member = tarfile.TarInfo(file)
            member.size = content.tell()
            content.seek(0)
            archive.addfile(member, content)
            rows.writerow([*file.split("/"), *points(donor, yaw, smile).ravel()])


def test_the_command_makes_the_file_and_its_card(tmp_path: Path) -> None:
    who = strangers()
    pack(tmp_path, "utk_train", {f"{i}.bmp": (int(who[i]), 0.1, 0.0) for i in range(2)})
    album = {f"{i}/{k}.bmp": (int(who[i]), 0.2 * (k - 1), 0.03 * k) for i in range(62) for k in range(3)}
    pack(tmp_path, "celeba_train", album)
    command = ["train", "shape", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--terms", "drawn | by us"]
    assert run(command) == 0
    made = load_file(str(tmp_path / "out" / "face_shape.safetensors"))
    assert {name: (t.shape, t.dtype) for name, t in made.items()} == {
        name: (t.shape, t.dtype) for name, t in shape_file().items()
    }
    assert all(np.array_equal(made[name], shape_file()[name]) for name in ("uv", "triangles", "mirror"))
    assert np.abs(made["shape"] - canonical().shape).max() < 0.1 and np.isfinite(made["wiener"]).all()
    card = (tmp_path / "out" / "face_shape.md").read_text("utf-8")
    for words in ("188 sure faces of 188 photos, 64 people", "drawn \\| by us", "too few people to leave any out"):
        assert words in card
    assert run(command) == 4, "a file that exists is not replaced unasked"


def test_a_folder_with_too_few_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 faces do not make 60 directions"):
        train(album(tmp_path, 2), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_the_recipe_comes_to_what_is_shipped(data: Path) -> None:
    """On 100 people x 5 pictures: the same mean face, the same directions, the same idea of who somebody is."""
    with (data / "celeba_train.csv").open(newline="") as table:
        names = [(row["identity"], f"{row['identity']}/{row['file']}") for row in csv.DictReader(table)]
    often: dict[str, list[str]] = {}
    for person, name in names:
        often.setdefault(person, []).append(name)
    chosen = {name for own in list(often.values())[:100] for name in own[:5]}
    photos = list(packed(data, "celeba_train", chosen)[0])
    vertices = np.stack([find_mesh(photo.pixels, photo.region).vertices for photo in photos])
    people, mean = [photo.person for photo in photos], average(vertices)
    shapes = unpose(vertices, mean)
    figures = compare(learn(shapes, people, mean), shapes) | held_out(shapes, people, mean)
    assert figures["mean_error"] < 0.03
    assert figures["explained"] > 0.999 and figures["explained_shipped"] > 0.999
    assert figures["agreement"] > 0.8, "all pictures come to 0.999"
    assert figures["estimated"] > figures["raw"]
