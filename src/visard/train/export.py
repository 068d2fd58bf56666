"""From a checkpoint to what ships: the averaged weights, and the card without which they are nothing."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import Tensor

from visard.errors import ModelError, UsageError
from visard.methods import defaults
from visard.methods.donors import bank
from visard.methods.pca import mixture
from visard.methods.scene import SIDE
from visard.methods.ways import length
from visard.models.inpainter import FORMAT, Guess
from visard.nets.inpaint import Inpainter, compose
from visard.publish import publish
from visard.train import (
    anonygan,
    autoencoder,
    body,
    ciagan,
    estrange,
    inpaint,
    ksame_net,
    mfm,
    sapae,
    sdn,
    transformer,
)
from visard.train.album import Album, load
from visard.train.card import Row, render, terms_row
from visard.train.checkpoint import read
from visard.train.directions import Named, named
from visard.train.faces import Told
from visard.train.gathering import ALBUM
from visard.train.guess import learn
from visard.train.loop import CHECKPOINT
from visard.train.plans import PLANS, Plan, cost, plan, to_onnx
from visard.train.resemblance import compare, told_of
from visard.train.samples import Practice
from visard.train.studio import Studio
from visard.train.views import planes
from visard.types import Pixels

_LEAST = 1000
"""Pictures a network must have seen at least before it may be called taught."""

_PAINTED = 200
"""Faces painted to see whether they reproduce training faces."""

_AUTOENCODERS: Mapping[str, Any] = {autoencoder.NAME: autoencoder.Recipe, sapae.NAME: sapae.Recipe}
"""Name of an autoencoder -> its recipe."""

_TRAINING = "{images} samples, {steps} steps, {seconds:.0f} seconds, last on {machine}"


def _silent(stage: str, done: int, total: int) -> None:
    """Take no notice."""


def export(folder: Path, out: Path, terms: str = "", overwrite: bool = False, told: Told = _silent) -> Path:
    """Write the file that a method reads, and its card, from a training folder, and return the former: NAME.onnx, or
    inpaint.safetensors.

    Raises UsageError where the folder holds no checkpoint of a network that ships, or one that was hardly taught;
    ModelError without what exports it; TargetError.
    """
    said, tensors = read(folder / CHECKPOINT)
    name, images, known = said["name"], said["progress"]["images"], (inpaint.NAME, *PLANS)
    if name not in known or images < _LEAST:
        what = f"has seen {images} pictures" if name in known else f"is a checkpoint of {name!r}"
        raise UsageError(what, where=folder, hint=f"train one of {', '.join(known)} on at least {_LEAST} pictures")
    numbers = {key: tuple(v) if isinstance(v, list) else v for key, v in said["recipe"].items()}
    if numbers.pop("bank", bank().sha256) != bank().sha256:
        raise UsageError("was trained with another bank of donors", where=folder, hint="train it again")
    for told_only in ("mobilenetv2", "begun"):
        numbers.pop(told_only, None)
    average = {k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")}
    album = load(folder / ALBUM) if (folder / ALBUM).exists() else None
    if name == inpaint.NAME:
        suffix, (content, sections) = "safetensors", _packed(numbers, average, album or load(folder / ALBUM), told)
    else:
        suffix, (content, sections) = "onnx", _drawn(name, numbers, average, album, told)
    file = out / f"{name}.{suffix}"
    with publish(file, overwrite) as draft, publish(file.with_suffix(".md"), overwrite) as card:
        draft.write_bytes(content)
        card.write_text(_card(file.name, said, album, content, terms, sections), "utf-8")
    return file


def _packed(
    numbers: Mapping[str, Any], average: Mapping[str, Tensor], album: Album, told: Told
) -> tuple[bytes, list[Row]]:
    """Return the inpainter's file, and what its card says of it."""
    guess, tried = learn(album, told)
    # Sixteen bits hold a weight well enough, and half the bytes.
    half = {name: value.half() for name, value in average.items()}
    net = Inpainter(numbers["widths"]).requires_grad_(False)
    net.load_state_dict({name: value.float() for name, value in half.items()})
    pictures = painted_around_donors(net, album)
    sections = [
        ("The guess,", f"on {tried['n']:.0f} faces of people left out, reads sex right for {100 * tried['sex']:.0f} %, "
         f"is {tried['age']:.0f} years off and {tried['tone']:.0f} in Lab. It sees no hidden pixel."),
        ("Likeness, measured", told_of(compare(pictures, album), "faces painted around donors in training photos")),
    ]  # fmt: skip
    return save(pack({name: value.numpy() for name, value in half.items()}, guess)), sections


def pack(weights: Mapping[str, NDArray[Any]], guess: Guess) -> dict[str, NDArray[Any]]:
    """Return the tensors of the inpainter's file."""
    told = {"guess.weight": guess.weight.astype(np.float16), "guess.mean": guess.mean, "guess.base": guess.base}
    return {"format": np.array([FORMAT], np.int32)} | dict(weights) | told


def painted_around_donors(net: Inpainter, album: Album) -> list[Pixels]:
    """Return squares (128, 128, 3) as the inpainter paints them in training photos."""
    practice, pictures = Practice(album, seed=2**31 + 1, own=0.0), []
    with torch.inference_mode():
        for n in range(_PAINTED):
            sample = practice[n]
            seen = torch.from_numpy(sample.inputs)[None]
            whole = torch.where(seen[:, 3:4] > 0, torch.from_numpy(sample.target)[None], compose(seen, net(seen)))
            pictures.append(_picture(whole[0]))
    return pictures


def _drawn(
    name: str, numbers: dict[str, Any], average: Mapping[str, Tensor], album: Album | None, told: Told
) -> tuple[bytes, list[Row]]:
    """Return a network's ONNX file, and what its card says of it."""
    if importlib.util.find_spec("onnx") is None:
        raise ModelError("exporting a network needs onnx", hint="pip install 'visard[torch]'")
    drawn = plan(name, numbers)
    drawn.net.load_state_dict(average)
    sections: list[Row] = []
    if album is not None and name in _AUTOENCODERS:
        pictures = _told_anew(name, drawn.net, album, numbers)
        sections = [("Likeness, measured", told_of(compare(pictures, album), "training faces, told as others"))]
    elif album is not None and name in LESSONS:
        # As in use: every condition is a donor.
        used = numbers | {"paired": 0.0} if "paired" in numbers else numbers
        pictures = painted(lesson(name, used, album), drawn.net, told)
        sections = [("Likeness, measured", told_of(compare(pictures, album), "faces painted in training photos"))]
        if name in (sdn.NAME, mfm.NAME):
            found = named(drawn.net, album, drawn.facts["side"], length(name, drawn.facts["bits"]))
            listed = {attribute: one.direction.tolist() for attribute, one in found.items()}
            drawn = drawn._replace(facts=dict(drawn.facts) | {"directions": listed})
            sections.append(("Directions, measured", _responses(found)))
    elif album is not None:
        sections = [("Likeness", "to training faces was not measured.")]
    return to_onnx(name, drawn), [*sections, ("Cost:", _spent(drawn))]


def _responses(found: Mapping[str, Named]) -> str:
    """Return a card's sentences on what one degree of each named direction changes."""
    told = (
        f"{attribute}: one degree changes its reading by {one.change:.3f} on average, {one.sure:.1f} deviations"
        for attribute, one in found.items()
    )
    return "; ".join(told) + ". Below one deviation a direction hardly does what its name says."


def _spent(drawn: Plan) -> str:
    parameters, macs = cost(drawn)
    return f"{parameters / 1e6:.1f} M parameters, {macs / 1e9:.2f} G multiply-accumulates a picture."


def painted(taught: Studio, net: Any, told: Told) -> list[Pixels]:
    """Return squares (128, 128, 3) as a network paints them in training photos: the last column of a lesson's sheet."""
    taught.net("average").load_state_dict(net.state_dict())
    pictures = []
    with torch.inference_mode():
        for n in range(_PAINTED):
            told("painting", n, _PAINTED)
            one = taught.samples[2**32 + n]
            batch = type(one)(*(torch.from_numpy(np.asarray(v))[None].to(taught.device) for v in one))
            pictures.append(_picture(taught.show(batch)[-1][0]))
    return pictures


def _told_anew(name: str, net: Any, album: Album, numbers: Mapping[str, Any]) -> list[Pixels]:
    """Return training faces as an autoencoder tells them in use; one whose codes are mixed learns their axes first."""
    how, used, pictures = _AUTOENCODERS[name](**numbers), defaults(name), []
    if "leading" in used:
        net.fit(torch.from_numpy(autoencoder.codes(album, net, how)))
    with torch.inference_mode():
        for n in range(_PAINTED):
            face = autoencoder.aligned(album, int(album.rows[n * 7919 % len(album.rows)]), autoencoder.side(how))
            given = mixture(how.code, used["leading"], used["strength"], n) if "leading" in used else ()
            told = net(torch.from_numpy(planes(face))[None], *(torch.from_numpy(value)[None] for value in given))
            pictures.append(_picture(told[0]))
    return pictures


def _picture(square: Tensor) -> Pixels:
    """Return (128, 128, 3) for (3, S, S), -1 to 1."""
    values = (square.float().cpu().clamp(-1, 1).permute(1, 2, 0).numpy() + 1) * 127.5
    large = values if len(values) == SIDE else cv2.resize(values, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(np.round(large), 0, 255), np.uint8)


LESSONS: Mapping[str, Callable[[Album, Mapping[str, Any]], Studio]] = {
    anonygan.NAME: lambda album, how: anonygan.AnonyGan(album, anonygan.Recipe(**how), 1),
    ciagan.NAME: lambda album, how: ciagan.Ciagan(album, ciagan.Recipe(**how), 1),
    estrange.NAME: lambda album, how: estrange.Estrange(album, estrange.Recipe(**how), 1),
    ksame_net.NAME: lambda album, how: ksame_net.KSameNet(ksame_net.Recipe(**how), 1),
    sdn.NAME: lambda album, how: sdn.Sdn(album, sdn.Recipe(**how), 1),
    mfm.NAME: lambda album, how: mfm.Mfm(album, mfm.Recipe(**how), 1),
    transformer.NAME: lambda album, how: transformer.Identity(album, transformer.Recipe(**how), 1),
}
"""Name of a network -> its lesson on an album, with a recipe's numbers."""


def lesson(name: str, how: Mapping[str, Any], album: Album) -> Studio:
    """Return the named lesson on an album, with a recipe's numbers."""
    return LESSONS[name](album, how)


def _card(file: str, said: dict[str, Any], album: Album | None, content: bytes, terms: str, sections: list[Row]) -> str:
    people_seen = said["name"] == body.NAME
    about = [("data", "photos of people" if people_seen else "no photo of anybody"), terms_row(terms)]
    if album is not None:
        people, kept = len(set(album.people)), len({album.people[i] for i in album.rows})
        apart = f"{people - kept} people who could be among those it is judged on (FaceNet, cosine above 0.5)"
        about = [("data", f"{len(album.rows)} photos of {kept} people"), ("kept out", apart), terms_row(terms)]
    about += [
        ("training", _TRAINING.format_map(said["progress"])),
        ("recipe", "; ".join(f"{key} {value}" for key, value in said["recipe"].items())),
        ("file", f"{len(content):,} bytes"),
        ("sha256", hashlib.sha256(content).hexdigest()),
    ]
    return render(file, f"What `visard train {said['name']}` taught.", about, sections)
