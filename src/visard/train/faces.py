"""Faces to learn from: of the development data, or of a folder of photos whose people agreed."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visard.detect import find_faces
from visard.errors import UsageError, VisardError
from visard.media.formats import PICTURE_SUFFIXES
from visard.media.read import probe, read
from visard.shape.identity import look
from visard.shape.landmarks import Vertices, find_mesh
from visard.shape.mesh import TEXTURE, canonical
from visard.sources import listing
from visard.types import Box, Pixels, Points, Region

Floats = NDArray[np.float32]
Told = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much it is."""

LABELS = "labels.csv"
"""Optional file in a folder of photos, with columns file, age (years), sex (M or F) and race (0 to 4, as UTKFace)."""

_BOX = (1.1, 1.3)
"""Width and height of a face's box in twice the larger of eye distance and eyes-to-mouth distance."""


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """What is said of a face: age in years, sex (1 male, 0 female), group (0 to 4 of UTKFace)."""

    age: float
    sex: float
    group: int


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One picture with one face: who it shows, (H, W, 3) RGB pixels, where the face is, and what is said of it."""

    person: str
    name: str
    pixels: Pixels
    region: Region
    label: Label | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N faces in order of their files; all arrays have N rows.

    textures: (N, 256, 256, 3) uint8, kept on disk; vertices: (N, 468, 3) in pixels; shapes: (N, 468, 3) canonical;
    angles: (N, 3) yaw, pitch and roll in degrees; scores: the mesh network's, 0 to 1; embeddings: (N, 128), dlib's.
    """

    people: list[str]
    names: list[str]
    labels: list[Label | None]
    textures: NDArray[np.uint8]
    vertices: Floats
    shapes: Floats
    angles: Floats
    scores: Floats
    embeddings: Floats
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.people)


def is_development(data: Path) -> bool:
    """Return whether a folder holds the development data rather than photos."""
    return (data / "utk_train.tar").is_file() and (data / "utk_train.csv").is_file()


def unroll(photos: Iterator[Photo | None], total: int, told: Told, stage: str = "reading faces") -> Faces:
    """Return what the mesh network and the recogniser see in photos; None is a photo without a usable face.

    total: how many photos come, for `told`. Raises UsageError where no photo has a face; ModelError.
    """
    people, names, labels = [], [], []
    vertices, shapes, angles, scores, embeddings = [], [], [], [], []
    done = 0
    # Thousands of textures are gigabytes: they wait in a file that vanishes with the array that maps it.
    with TemporaryFile() as store:
        for done, photo in enumerate(photos, 1):
            told(stage, done, total)
            seen = look(photo.region, photo.pixels) if photo is not None else None
            if photo is None or seen is None:
                continue
            mesh = find_mesh(photo.pixels, photo.region)
            pose = canonical().fit_pose(mesh.vertices)
            store.write(unrolled(photo.pixels, mesh.vertices).tobytes())
            people.append(photo.person)
            names.append(photo.name)
            labels.append(photo.label)
            vertices.append(mesh.vertices)
            shapes.append(pose.lift(mesh.vertices))
            angles.append(pose.angles)
            scores.append(mesh.score)
            embeddings.append(seen.embedding)
        if not people:
            raise UsageError("no photo shows a face", hint="give --data a folder of photos with one face each")
        store.flush()
        textures = np.memmap(store, np.uint8, "r", shape=(len(people), TEXTURE, TEXTURE, 3))
    v, s, a, p, e = (np.asarray(values, np.float32) for values in (vertices, shapes, angles, scores, embeddings))
    return Faces(people, names, labels, textures, v, s, a, p, e, done - len(people))


def packed(data: Path, name: str, only: set[str] | None = None) -> tuple[Iterator[Photo], int]:
    """Return the photos of a development set and their number: a .tar and a .csv with five landmarks each.

    only: names of the files to read, all by default. Raises OSError or KeyError for missing data.
    """
    with (data / f"{name}.csv").open(newline="") as table:
        rows = {_key(row): row for row in csv.DictReader(table)}
    wanted = [key for key in rows if only is None or key in only]

    def photos() -> Iterator[Photo]:
        with tarfile.open(data / f"{name}.tar") as archive:
            for key in wanted:
                file = archive.extractfile(key)
                if file is None:
                    raise KeyError(key)
                pixels = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
                row = rows[key]
                five = np.array([[row[f"lm_x{i}"], row[f"lm_y{i}"]] for i in range(1, 6)], np.float32)
                label = _label(row) if "age" in row else None
                yield Photo(row.get("identity", key), key, pixels, around(five), label)

    return photos(), len(wanted)


def photographed(data: Path) -> tuple[Iterator[Photo | None], int]:
    """Return the photos of a folder, the largest face of each, and their number; folders inside it are people.

    None stands for a file that cannot be read or shows no face. Raises UsageError for a folder without pictures
    and for labels that cannot be understood.
    """
    if not data.is_dir():
        raise UsageError("is no folder", where=data, hint="give --data a folder of photos")
    said = _labels(data / LABELS)
    entries = [e for e in listing([str(data)]) if e.fault is None and e.file.suffix.lower() in PICTURE_SUFFIXES]
    if not entries:
        raise UsageError("holds no pictures", where=data, hint="give --data a folder of photos")
    unknown = sorted(said.keys() - {entry.name.as_posix() for entry in entries})
    if unknown:
        raise UsageError(f"names {unknown[0]}, which is not there", where=data / LABELS, hint="correct the file")

    def photos() -> Iterator[Photo | None]:
        for entry in entries:
            name = entry.name.as_posix()
            person = entry.name.parent.as_posix() if entry.name.parent.parts else name
            try:
                pixels = next(iter(read(probe(entry.file)))).pixels
            except (VisardError, OSError):
                yield None
                continue
            yield _largest(person, name, pixels, said.get(name))

    return photos(), len(entries)


def tarred(file: Path) -> tuple[Iterator[Photo | None], int]:
    """Return the photos of a tar of folders, one a person, the largest face of each, and their number.

    None stands for a photo that shows no face. Raises UsageError for what is no such tar.
    """
    try:
        with tarfile.open(file) as archive:
            names = [m.name for m in archive if m.isfile() and Path(m.name).suffix.lower() in PICTURE_SUFFIXES]
    except (OSError, tarfile.TarError) as error:
        raise UsageError(f"cannot be read: {error}", where=file, hint="give a folder or a tar of folders") from error

    def photos() -> Iterator[Photo | None]:
        with tarfile.open(file) as archive:
            for name in names:
                content = archive.extractfile(name)
                assert content is not None, "only files were listed"
                pixels = np.asarray(Image.open(io.BytesIO(content.read())).convert("RGB"))
                yield _largest(Path(name).parent.as_posix(), name, pixels, None)

    return photos(), len(names)


def gathered(data: Path) -> tuple[Iterator[Photo | None], int]:
    """Return the photos of the development data, of CelebA as published, or of a folder, and their number.

    Raises UsageError.
    """
    if is_development(data):
        parts = [packed(data, name) for name in ("celeba_train", "utk_train") if (data / f"{name}.tar").is_file()]
        return chain.from_iterable(photos for photos, _ in parts), sum(count for _, count in parts)
    return photographed(data)


def _largest(person: str, name: str, pixels: Pixels, label: Label | None) -> Photo | None:
    faces = sorted(find_faces(pixels), key=lambda face: face.box.area, reverse=True)
    return Photo(person, name, pixels, faces[0], label) if faces else None


def unrolled(pixels: Pixels, vertices: Vertices) -> Pixels:
    """Return the (256, 256, 3) texture of a face; what lies beyond the picture repeats its edge."""
    height, width = pixels.shape[:2]
    step = max(1, int(np.ptp(vertices[:, :2], axis=0).max() / TEXTURE))
    if step > 1:  # else a large face would be sampled with gaps
        pixels = np.asarray(cv2.resize(pixels, (width // step, height // step), interpolation=cv2.INTER_AREA), np.uint8)
        vertices = vertices * np.array([pixels.shape[1] / width, pixels.shape[0] / height, 1 / step], np.float32)
    beyond = max(-vertices[:, :2].min(), (vertices[:, :2].max(axis=0) - pixels.shape[1::-1]).max(), 0.0)
    room = int(np.ceil(beyond)) + 1
    wide = np.pad(pixels, ((room, room), (room, room), (0, 0)), "edge")
    return canonical().unwrap(wide, vertices + np.array([room, room, 0], np.float32))


def around(five: Points) -> Region:
    """Return the region of a face of which its five points (5, 2) are known."""
    eyes, mouth = (five[0] + five[1]) / 2, (five[3] + five[4]) / 2
    size = 2 * max(float(np.linalg.norm(five[1] - five[0])), float(np.linalg.norm(mouth - eyes)))
    (x, y), (w, h) = five.mean(axis=0), (size * share / 2 for share in _BOX)
    return Region("face", Box(x - w, y - h, x + w, y + h), 1.0, five)


def _labels(file: Path) -> dict[str, Label]:
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8-sig") as table:
        rows = list(csv.DictReader(table))
    try:
        return {row["file"]: _label(row) for row in rows}
    except (KeyError, ValueError, TypeError) as error:
        hint = "write columns file, age (0 to 120), sex (M or F) and race (0 to 4)"
        raise UsageError(f"cannot be understood: {error}", where=file, hint=hint) from error


def _label(row: dict[str, str]) -> Label:
    label = Label(float(row["age"]), {"M": 1.0, "F": 0.0}[row["sex"]], int(row["race"]))
    if not (0 <= label.age <= 120 and 0 <= label.group <= 4):
        raise ValueError(f"age {row['age']}, race {row['race']}")
    return label


def _key(row: dict[str, str]) -> str:
    return f"{row['identity']}/{row['file']}" if "identity" in row else row["file"]
