"""How a bank of donors is made: read faces, keep the usable, gather people, blend them, describe the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from visard.errors import UsageError
from visard.methods.donors import FORMAT, Reader, bank, frontal, reduced
from visard.publish import publish
from visard.shape.identity import look
from visard.shape.landmarks import region_of
from visard.shape.mesh import canonical, mouth_opening, shape_file
from visard.shape.texture import lopsidedness, skin_tone, upper_lip
from visard.train.blend import LEAST, blend
from visard.train.casting import Candidates, Cast, cast
from visard.train.donor_card import Making, write
from visard.train.faces import Faces, Told, is_development, packed, photographed, unroll
from visard.train.likeness import TOO_NEAR, measure, nearest
from visard.train.reader import attributes, fit_reader, try_reader
from visard.types import Pixels

Floats = NDArray[np.float32]

DONORS = 1670
"""Donors made at most, unless more are asked for; of so many, 1,536 resembled nobody and are shipped."""

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

_SPARE = 2
"""Donors made beyond the wanted ones and a quarter of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """A donor: rows of its people's faces, texture as JPEG, identity (60,), Lab tone (3,), embedding (128,)."""

    rows: Cast
    texture: NDArray[np.uint8]
    identity: Floats
    tone: Floats
    embedding: Floats


def train(
    data: Path, out: Path, donors: int | None = None, seed: int = 0, terms: str = "", overwrite: bool = False,
    told: Told = lambda stage, done, total: None,
) -> dict[str, int]:  # fmt: skip
    """Write out/donors.safetensors and its card, and return how many photos, usable faces and donors there were.

    data: the development data or a folder of photos. donors: as many as wanted, up to 1,670 by default. terms: what
    the card says of the photos' origin. Donors that resemble anybody in the photos too much are dropped. Raises
    UsageError where the people do not suffice, TargetError for a bank that exists, ModelError.
    """
    with publish(out / "donors.safetensors", overwrite) as draft, publish(out / "donors.md", overwrite) as card:
        photos, total = packed(data, "utk_train") if is_development(data) else photographed(data)
        faces = unroll(iter(photos), total, told)
        rows = usable(faces)
        own = fit_reader(faces)
        reader = own or bank().reader
        candidates, read = _candidates(faces, rows, reader)
        wanted = DONORS if donors is None else donors
        # Spare ones take the places of those that will be dropped.
        found = cast(candidates, wanted if donors is None else wanted + wanted // 4 + _SPARE, seed)
        order = np.random.default_rng(seed).permutation(len(found))
        made, dropped = _make(faces, [rows[found[i]] for i in order], wanted, told)
        if not made or (donors is not None and len(made) < donors):
            raise _too_few(data, len({faces.people[i] for i in rows}), len(made), dropped)
        everybody = np.zeros((len(faces), 7), np.float32)
        everybody[rows] = read
        of = np.stack([everybody[donor.rows].mean(axis=0) for donor in made])
        save_file(_pack(made, of, reader), str(draft), {"seed": str(seed)})
        casts = [donor.rows for donor in made]
        likeness = measure(np.stack([donor.embedding for donor in made]), faces.embeddings, faces.people, casts)
        trial = try_reader(faces) if own else None
        making = Making(total, faces, rows, everybody[:, 1] * 10, casts, of, dropped, seed, likeness, trial)
        card.write_text(write(making, draft.stat().st_size, terms), "utf-8")
    return {"photos": total, "usable": len(rows), "donors": len(made)}


def usable(faces: Faces) -> Cast:
    """Return the rows of the faces that are frontal, sharp, sure, and whose mouth is closed enough."""
    fine = (np.abs(faces.angles[:, 0]) < _YAW) & (np.abs(faces.angles[:, 1]) < _PITCH) & (faces.scores > _SURE)
    fine &= np.array([mouth_opening(shape) for shape in faces.shapes]) < _OPEN
    sharp = np.array([_sharpness(texture) for texture in faces.textures])
    return np.flatnonzero(fine & (sharp >= np.quantile(sharp, _BLURRED)))


def _sharpness(texture: Pixels) -> float:
    grey = cv2.cvtColor(np.ascontiguousarray(texture[60:200, 60:200]), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())


def _candidates(faces: Faces, rows: Cast, reader: Reader) -> tuple[Candidates, Floats]:
    """Return the usable faces and their (n, 7) attributes: the labels', or what the reader sees."""
    read = [
        reader(faces.textures[i], faces.embeddings[i]) if (label := faces.labels[i]) is None else attributes(label)
        for i in rows
    ]
    a = np.asarray(read, np.float32).reshape(-1, 7)
    looks = np.asarray([reduced(faces.textures[i]) for i in rows], np.float32)
    people, groups = [faces.people[i] for i in rows], a[:, 2:].argmax(axis=1)
    return Candidates(people, looks, faces.embeddings[rows], a[:, 1] * 10, a[:, 0] > 0.5, groups), a


def _make(faces: Faces, casts: list[Cast], wanted: int, told: Told) -> tuple[list[Donor], int]:
    """Return up to the wanted number of donors, and how many were dropped for resembling somebody."""
    made: list[Donor] = []
    dropped = 0
    for rows in casts:
        if len(made) == wanted:
            break
        donor = _donor(faces, rows)
        if nearest(donor.embedding, faces.embeddings) < TOO_NEAR:
            dropped += 1
        else:
            made.append(donor)
        told("making donors", len(made) + dropped, len(casts))
    return made, dropped


def _donor(faces: Faces, rows: Cast) -> Donor:
    drawn = blend([np.asarray(faces.textures[i]) for i in rows], faces.angles[rows, 0].tolist())
    jpeg = cv2.imencode(".jpg", drawn[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].ravel()
    texture = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), np.uint8)
    identity = _identity(faces.shapes[rows].mean(axis=0))
    embedding = _embedding(texture, bank().build(identity))
    return Donor(rows, np.asarray(jpeg, np.uint8), identity, skin_tone(texture), embedding)


def _too_few(data: Path, people: int, made: int, dropped: int) -> UsageError:
    what = f"{people} usable people make {made} donors of at least {LEAST} people"
    what += f"; {dropped} more resembled somebody too much" if dropped else ""
    return UsageError(what, where=data, hint="give more photos" + (" or a smaller --donors" if made else ""))


def _pack(made: list[Donor], attributes: Floats, reader: Reader) -> dict[str, NDArray[Any]]:
    """Return the bank's tensors; attributes: (D, 7), the means of the donors' people."""
    textures = [np.asarray(cv2.imdecode(donor.texture, cv2.IMREAD_COLOR_RGB), np.uint8) for donor in made]
    return {
        "format": np.array([FORMAT], np.int32),
        "textures": np.concatenate([donor.texture for donor in made]),
        "starts": np.cumsum([0, *(len(donor.texture) for donor in made)]).astype(np.int64),
        "attributes": attributes.astype(np.float16),
        "shapes": np.stack([donor.identity for donor in made]),
        "tones": np.stack([donor.tone for donor in made]).astype(np.float16),
        "embeddings": np.stack([donor.embedding for donor in made]).astype(np.float16),
        "crooked": np.array([lopsidedness(texture) for texture in textures], np.float16),
        "lips": np.array([upper_lip(texture) for texture in textures], np.float16),
        "reader": reader.weight,
        "reader_mean": reader.mean,
        "reader_base": reader.base,
    }


def _identity(shape: Floats) -> Floats:
    """Return (60,) the identity of a mean of people's shapes, in which expressions have partly cancelled."""
    face = canonical()
    seen = face.basis @ (shape - face.shape - face.offset).ravel()
    return np.asarray(shape_file()["wiener_mean"] @ seen, np.float32)


def _embedding(texture: Pixels, change: Floats) -> Floats:
    """Return dlib's embedding of the donor seen from the front."""
    view, vertices = frontal(texture, change)
    seen = look(region_of(vertices), view)
    return np.zeros(128, np.float32) if seen is None else seen.embedding
