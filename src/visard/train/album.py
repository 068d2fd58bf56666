"""Faces to paint from, read once and kept on disk: upright squares around each, its mesh, its light, fitting donors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError
from visard.methods.donors import TRAITS, bank
from visard.methods.dressing import both_sides, faced
from visard.methods.scene import REACH, SIDE, moved
from visard.publish import publish
from visard.shape.identity import look
from visard.shape.landmarks import find_mesh, region_of
from visard.shape.mesh import canonical
from visard.shape.similarity import Matrix
from visard.shape.square import see
from visard.shape.texture import inside, light, skin, skin_tone
from visard.train.disjoint import unlike, who
from visard.train.faces import Photo, Told

Floats = NDArray[np.float32]

FORMAT = 2
"""Version of the folder."""

WIDE = 160
"""Side in pixels of a kept square, at the scale of the network's 128: room to turn, shift and shrink."""

DONORS = 24
"""Donors kept for each face, of those that `surrogate` might give it."""

_SURE = 0.9
"""Score of the mesh network from which on a face is learnt from."""

_SMALLEST = 24.0
"""Pixels between the outer corners of the eyes below which a face is too coarse to learn from."""

_MANY = 256
"""Photos from which on it pays to start other processes, and that are handed to them at a time."""

_INDEX = "album.json"


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """N faces; all arrays have N rows and lie on disk.

    squares: (N, 160, 160, 4) uint8, RGB and 255 where the photo reaches; vertices: (N, 468, 3) in pixels of the square;
    lights: (N, 36, 36, 3) float16, on the texture; donors: (N, 24); traits: (N, 10) attributes as the bank's, and Lab
    tone; embeddings: (N, 128), dlib's. people: who each is. rows: the faces of those who are nobody to be kept out.
    """

    squares: NDArray[np.uint8]
    vertices: Floats
    lights: NDArray[np.float16]
    donors: NDArray[np.int16]
    traits: Floats
    embeddings: Floats
    people: tuple[str, ...]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.people)


_SHAPES: dict[str, tuple[tuple[int, ...], Any]] = {
    "squares": ((WIDE, WIDE, 4), np.uint8),
    "vertices": ((468, 3), np.float32),
    "lights": ((36, 36, 3), np.float16),
    "donors": ((DONORS,), np.int16),
    "traits": ((10,), np.float32),
    "embeddings": ((128,), np.float32),
}


def build(photos: Iterator[Photo | None], total: int, folder: Path, others: Floats, told: Told) -> Album:
    """Read photos into a folder and return the album; None is a photo without a usable face.

    others: (M, 512) vectors of people to be kept out. Raises UsageError where no photo has a usable face, or only
    one person has; ModelError; TargetError.
    """
    people: list[str] = []
    vectors: list[Floats] = []
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: (folder / f"{name}.raw").open("wb") for name in _SHAPES}
    try:
        for done, row in enumerate(_rows(photos, total, bool(len(others))), 1):
            told("reading faces", done, total)
            if row is not None:
                people.append(row["person"])
                vectors += [row["vector"]] if len(others) else []
                for name, file in files.items():
                    file.write(np.ascontiguousarray(row[name], _SHAPES[name][1]).tobytes())
    finally:
        for file in files.values():
            file.close()
    if len(set(people)) < 2:
        what = "one person is too few to learn from" if people else "no photo shows a face that is large enough"
        raise UsageError(what, hint="give --data photos of several people, in folders of their own")
    rows = np.flatnonzero(unlike(np.array(vectors, np.float32), people, others)).tolist()
    if len({people[i] for i in rows}) < 2:
        raise UsageError("nearly all are people to be kept out", hint="give --data photos of other people than --apart")
    with publish(folder / _INDEX, overwrite=True) as draft:
        draft.write_text(json.dumps({"format": FORMAT, "people": people, "rows": rows}), "utf-8")
    return load(folder)


def load(folder: Path) -> Album:
    """Return the album in a folder; raises UsageError where there is none, or another version's."""
    try:
        index = json.loads((folder / _INDEX).read_text("utf-8"))
        if index["format"] != FORMAT:
            raise ValueError("another version of visard made it")
        people, rows = tuple(index["people"]), np.array(index["rows"], np.intp)
        arrays = {
            name: np.memmap(folder / f"{name}.raw", kind, "r", shape=(len(people), *shape))
            for name, (shape, kind) in _SHAPES.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "remove the folder and begin anew"
        raise UsageError(f"is no album of faces: {error}", where=folder, hint=hint) from error
    return Album(**arrays, people=people, rows=rows)


def is_album(folder: Path) -> bool:
    """Return whether a folder holds a whole album."""
    return (folder / _INDEX).is_file()


def _rows(photos: Iterator[Photo | None], total: int, judged: bool) -> Iterator[dict[str, Any] | None]:
    """Yield what the album keeps of each photo, in order, by as many processes as there are cores, if it is many."""
    read = partial(_row, judged=judged)
    if total < _MANY:
        yield from map(read, photos)
        return
    with ProcessPoolExecutor(initializer=cv2.setNumThreads, initargs=(1,), mp_context=get_context("spawn")) as pool:
        # A few at a time: a data set's photos do not fit into memory.
        while some := list(islice(photos, _MANY)):
            yield from pool.map(read, some, chunksize=8)


def _row(photo: Photo | None, judged: bool) -> dict[str, Any] | None:
    """Return what the album keeps of a photo, and FaceNet's vector if somebody is to be kept out; None where its face
    is not clear enough."""
    if photo is None:
        return None
    mesh = find_mesh(photo.pixels, photo.region)
    pose, face = canonical().fit_pose(mesh.vertices), canonical()
    if mesh.score < _SURE or pose.scale < _SMALLEST:
        return None
    seen = look(region_of(mesh.vertices), photo.pixels)
    if seen is None:
        return None
    matrix = _square(pose.shift, np.radians(pose.angles[2]), pose.scale)
    height, width = photo.pixels.shape[:2]
    square = see(photo.pixels, matrix, WIDE, WIDE, cv2.BORDER_REPLICATE)
    reach = see(np.full((height, width), 255, np.uint8), matrix, WIDE, WIDE, cv2.BORDER_CONSTANT)
    texture = face.unwrap(photo.pixels, mesh.vertices)
    whole = both_sides(texture, pose.angles[0])
    attributes, tone = bank().reader(whole, seen.embedding), skin_tone(whole)
    bare = skin(texture, tone)
    order = bank().suited(attributes, tone, frozenset(TRAITS), np.random.default_rng(0))
    return {
        "person": photo.person,
        "vector": who(photo) if judged else None,
        "squares": np.dstack([square, reach]),
        "vertices": moved(mesh.vertices, matrix),
        "lights": light(texture, bare * faced(pose) + 1e-3 * inside()),
        "donors": order[:DONORS],
        "traits": np.concatenate([attributes, tone]),
        "embeddings": seen.embedding,
    }


def _square(centre: NDArray[np.float64], roll: float, across: float) -> Matrix:
    scale = SIDE / (REACH * across)
    turn = scale * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return np.column_stack([turn, WIDE / 2 - turn @ centre[:2]])
