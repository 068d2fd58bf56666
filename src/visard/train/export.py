"""From a checkpoint to what ships: the averaged weights with their guess, and the card without which nothing runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from visard.errors import UsageError
from visard.models.inpainter import FORMAT, Guess
from visard.nets.inpaint import Inpainter, compose
from visard.publish import publish
from visard.train.album import Album, load
from visard.train.card import render, terms_row
from visard.train.checkpoint import read
from visard.train.faces import Told
from visard.train.gathering import ALBUM
from visard.train.guess import learn
from visard.train.inpaint import NAME
from visard.train.loop import CHECKPOINT
from visard.train.plans import PLANS
from visard.train.resemblance import Resemblance, compare, told_of
from visard.train.samples import Practice
from visard.train.ship import ship
from visard.types import Pixels

_LEAST = 1000
"""Pictures a network must have seen at least before it may be called taught."""

_PAINTED = 200
"""Faces painted to see whether they reproduce training faces."""


def export(
    folder: Path, out: Path, terms: str = "", overwrite: bool = False, told: Told = lambda stage, done, total: None
) -> Path:
    """Write what ships and its card from a training folder: inpaint.safetensors, or a generator's ONNX file, which
    is returned.

    Raises UsageError where the folder holds no checkpoint, or one that was hardly taught; TargetError.
    """
    said, tensors = read(folder / CHECKPOINT)
    if said["name"] in PLANS:
        return ship(folder, out, terms, overwrite, told)
    images = said["progress"]["images"]
    if said["name"] != NAME or images < _LEAST:
        what = f"has seen {images} pictures" if said["name"] == NAME else f"is a checkpoint of {said['name']!r}"
        raise UsageError(what, where=folder, hint=f"train {NAME!r} on at least {_LEAST} pictures")
    album = load(folder / ALBUM)
    guess, tried = learn(album, told)
    weights = {k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")}
    # Sixteen bits hold a weight well enough, and half the bytes.
    packed = pack({name: value.half().numpy() for name, value in weights.items()}, guess)
    net = Inpainter(tuple(said["recipe"]["widths"])).requires_grad_(False)
    net.load_state_dict({name: value.half().float() for name, value in weights.items()})
    near = compare(painted(net, album), album)
    with publish(out / f"{NAME}.safetensors", overwrite) as draft, publish(out / f"{NAME}.md", overwrite) as card:
        save_file(packed, str(draft))
        card.write_text(_card(said, album, draft.read_bytes(), tried, near, terms), "utf-8")
    return out / f"{NAME}.safetensors"


def pack(weights: dict[str, NDArray[Any]], guess: Guess) -> dict[str, NDArray[Any]]:
    """Return the tensors of the file that ships."""
    told = {"guess.weight": guess.weight.astype(np.float16), "guess.mean": guess.mean, "guess.base": guess.base}
    return {"format": np.array([FORMAT], np.int32)} | weights | told


def painted(net: Inpainter, album: Album, count: int = _PAINTED) -> list[Pixels]:
    """Return squares (128, 128, 3) as the network paints them, around donors, in training photos."""
    practice, pictures = Practice(album, seed=2**31 + 1, own=0.0), []
    with torch.inference_mode():
        for n in range(count):
            sample = practice[n]
            seen = torch.from_numpy(sample.inputs)[None]
            whole = torch.where(seen[:, 3:4] > 0, torch.from_numpy(sample.target)[None], compose(seen, net(seen)))
            pictures.append(np.round((whole[0].clamp(-1, 1).permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8))
    return pictures


def _card(
    said: dict[str, Any], album: Album, content: bytes, tried: dict[str, float], near: Resemblance, terms: str
) -> str:
    progress, rows = said["progress"], album.rows
    people, kept = len(set(album.people)), len({album.people[i] for i in rows})
    about = [
        ("data", f"{len(rows)} photos of {kept} people"),
        ("kept out", f"{people - kept} people who could be among those it is judged on (FaceNet, cosine above 0.5)"),
        terms_row(terms),
        ("training", "{images} samples, {steps} steps, {seconds:.0f} seconds, last on {machine}".format_map(progress)),
        ("recipe", "; ".join(f"{key} {value}" for key, value in said["recipe"].items())),
        ("file", f"format {FORMAT}; {len(content):,} bytes: weights in 16 bits, and a guess of whom a scene surrounds"),
        ("sha256", hashlib.sha256(content).hexdigest()),
    ]
    guess = f"on {tried['n']:.0f} faces of people left out, reads sex right for {100 * tried['sex']:.0f} %, is "
    guess += f"{tried['age']:.0f} years off and {tried['tone']:.0f} in Lab. It sees no hidden pixel."
    likeness = told_of(near, "faces painted around donors in training photos")
    sections = [("The guess,", guess), ("Likeness, measured", likeness)]
    return render(f"{NAME}.safetensors", "The network that `inpaint` paints with.", about, sections)
