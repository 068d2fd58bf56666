"""How a bank of donors is made: read faces, keep the usable, gather people, blend them, describe the result."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save_file

from visard.errors import UsageError
from visard.methods.donors import FORMAT, bank, reduced
from visard.publish import publish
from visard.shape.identity import look
from visard.shape.landmarks import five_points
from visard.shape.mesh import canonical, mouth_opening, sample
from visard.shape.texture import skin_tone
from visard.train.blend import LEAST, blend
from visard.train.casting import Candidates, Cast, cast
from visard.train.faces import Faces, Label, Told, is_development, packed, photographed, unroll
from visard.types import Box, Pixels, Region

Floats = NDArray[np.float32]

DONORS = 1670
"""Donors in the bank that visard ships."""

_YAW, _PITCH = 22.0, 20.0
"""Degrees by which a usable head is turned at most."""

_SURE = 0.9
"""Score of the mesh network from which on a face is usable."""

_OPEN = 0.45
"""Mouth's opening over its width from which on teeth would be averaged."""

_BLURRED = 0.15
"""Share of the faces, the least sharp, that are left out."""

_QUALITY = 88
"""JPEG quality of the textures."""

_SIDE, _EYES = 256, 64
"""Side of a donor's frontal rendering, and the distance of its outer eye corners there, in pixels."""


def train(
    data: Path, out: Path, donors: int | None = None, seed: int = 0, overwrite: bool = False,
    told: Told = lambda stage, done, total: None,
) -> dict[str, int]:  # fmt: skip
    """Write out/donors.safetensors and its card, and return how many photos, usable faces and donors there were.

    data: the development data or a folder of photos. donors: as many as wanted, up to 1,670 by default. Raises
    UsageError where the people do not suffice, TargetError for a bank that exists, ModelError.
    """
    with publish(out / "donors.safetensors", overwrite) as draft, publish(out / "donors.md", overwrite) as card:
        photos, total = packed(data, "utk_train") if is_development(data) else photographed(data)
        faces = unroll(iter(photos), total, told)
        rows = usable(faces)
        candidates, attributes = _candidates(faces, rows)
        found = cast(candidates, DONORS if donors is None else donors, seed)
        if not found or (donors is not None and len(found) < donors):
            people = len({faces.people[i] for i in rows})
            what = f"{people} usable people make {len(found)} donors of at least {LEAST} people"
            raise UsageError(what, where=data, hint="give more photos" + (" or a smaller --donors" if found else ""))
        save_file(_pack(faces, rows, attributes, found, told), str(draft), {"seed": str(seed)})
        counts = {"photos": total, "usable": len(rows), "donors": len(found)}
        card.write_text(_card(counts, found, seed), "utf-8")
    return counts


def usable(faces: Faces) -> Cast:
    """Return the rows of the faces that are frontal, sharp, sure, and whose mouth is closed enough."""
    fine = (np.abs(faces.angles[:, 0]) < _YAW) & (np.abs(faces.angles[:, 1]) < _PITCH) & (faces.scores > _SURE)
    fine &= np.array([mouth_opening(shape) for shape in faces.shapes]) < _OPEN
    sharp = np.array([_sharpness(texture) for texture in faces.textures])
    return np.flatnonzero(fine & (sharp >= np.quantile(sharp, _BLURRED)))


def _sharpness(texture: Pixels) -> float:
    grey = cv2.cvtColor(np.ascontiguousarray(texture[60:200, 60:200]), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())


def _candidates(faces: Faces, rows: Cast) -> tuple[Candidates, Floats]:
    """Return the usable faces and their (n, 7) attributes: the labels', or what the shipped reader sees."""
    attributes, looks = [], []
    for i in rows:
        label = faces.labels[i]
        read = bank().reader(faces.textures[i], faces.embeddings[i]) if label is None else _said(label)
        attributes.append(read)
        looks.append(reduced(faces.textures[i]))
    a = np.asarray(attributes, np.float32).reshape(-1, 7)
    people = [faces.people[i] for i in rows]
    groups = a[:, 2:].argmax(axis=1)
    looks_ = np.asarray(looks, np.float32)
    return Candidates(people, looks_, faces.embeddings[rows], a[:, 1] * 10, a[:, 0] > 0.5, groups), a


def _said(label: Label) -> Floats:
    return np.array([label.sex, label.age / 10, *(label.group == g for g in range(5))], np.float32)


def _pack(faces: Faces, rows: Cast, attributes: Floats, found: list[Cast], told: Told) -> dict[str, NDArray[Any]]:
    """Return the bank's tensors; the reader is the shipped one."""
    ours = bank()
    coded, identity, tones, embeddings = [], [], [], []
    for done, chosen in enumerate(found, 1):
        of = rows[chosen]
        drawn = blend([np.asarray(faces.textures[i]) for i in of], faces.angles[of, 0].tolist())
        jpeg = cv2.imencode(".jpg", drawn[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].ravel()
        texture = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), np.uint8)
        coded.append(np.asarray(jpeg, np.uint8))
        identity.append(_identity(faces.shapes[of].mean(axis=0)))
        tones.append(skin_tone(texture))
        embeddings.append(_embedding(texture, ours.build(identity[-1])))
        told("making donors", done, len(found))
    return {
        "format": np.array([FORMAT], np.int32),
        "textures": np.concatenate(coded),
        "starts": np.cumsum([0, *map(len, coded)]).astype(np.int64),
        "attributes": np.stack([attributes[chosen].mean(axis=0) for chosen in found]).astype(np.float16),
        "shapes": np.stack(identity),
        "tones": np.stack(tones).astype(np.float16),
        "embeddings": np.stack(embeddings).astype(np.float16),
        "reader": ours.reader.weight,
        "reader_mean": ours.reader.mean,
        "reader_base": ours.reader.base,
    }


def _identity(shape: Floats) -> Floats:
    """Return (60,) the identity of a mean of people's shapes, in which expressions have partly cancelled."""
    face = canonical()
    file = files("visard.models").joinpath("weights", "face_shape.safetensors")
    weight = load(file.read_bytes())["wiener_mean"]
    return np.asarray(weight @ (face.basis @ (shape - face.shape - face.offset).ravel()), np.float32)


def _embedding(texture: Pixels, change: Floats) -> Floats:
    """Return dlib's embedding of the donor seen from the front."""
    vertices = np.asarray((canonical().shape + change) * _EYES + (_SIDE / 2, _SIDE / 2, 0), np.float32)
    view = sample(texture, canonical().project(vertices, _SIDE, _SIDE))
    box = Box(*vertices[:, :2].min(axis=0).tolist(), *vertices[:, :2].max(axis=0).tolist())
    seen = look(Region("face", box, 1.0, five_points(vertices)), view)
    return np.zeros(128, np.float32) if seen is None else seen.embedding


def _card(counts: dict[str, int], found: list[Cast], seed: int) -> str:
    sizes = sorted({len(chosen) for chosen in found})
    return (
        f"# donors.safetensors\n\n{counts['donors']} donors, each the average of {sizes[0]} to {sizes[-1]} people; "
        "no two share more than 2 of them.\n"
        f"Made by `visard train donors --seed {seed}` from {counts['usable']} usable faces of {counts['photos']} "
        f"photos. Format {FORMAT}. The reader of sex, age and group is the one that visard ships.\n"
    )
