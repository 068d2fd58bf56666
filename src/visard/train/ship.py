"""From a generator's checkpoint to what ships: an ONNX file of the running average, and the card without which it is
nothing."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from visard.errors import ModelError, UsageError
from visard.methods.donors import bank
from visard.methods.scene import SIDE
from visard.methods.ways import length
from visard.publish import publish
from visard.train import anonygan, ciagan, estrange, ksame_net, mfm, sdn, transformer
from visard.train.album import Album, load
from visard.train.card import Row, render, terms_row
from visard.train.checkpoint import read
from visard.train.directions import Named, named
from visard.train.faces import Told
from visard.train.gathering import ALBUM
from visard.train.loop import CHECKPOINT
from visard.train.plans import PLANS, cost, plan, to_onnx
from visard.train.resemblance import compare, told_of
from visard.train.studio import Studio
from visard.types import Pixels

_LEAST = 1000
"""Pictures a network must have seen at least before it may be called taught."""

_PAINTED = 200
"""Faces painted to see whether they reproduce training faces."""

_TRAINING = "{images} samples, {steps} steps, {seconds:.0f} seconds, last on {machine}"


def ship(folder: Path, out: Path, terms: str, overwrite: bool, told: Told) -> Path:
    """Write out/NAME.onnx and its card from a training folder, and return the former.

    Raises UsageError where the folder holds no checkpoint of a generator, or one that was hardly taught; ModelError
    without what exports it; TargetError.
    """
    said, tensors = read(folder / CHECKPOINT)
    name, images = said["name"], said["progress"]["images"]
    if name not in PLANS or images < _LEAST:
        what = f"has seen {images} pictures" if name in PLANS else f"is a checkpoint of {name!r}"
        raise UsageError(what, where=folder, hint=f"train {' or '.join(PLANS)} on at least {_LEAST} pictures")
    if importlib.util.find_spec("onnx") is None:
        raise ModelError("exporting a generator needs onnx", hint="pip install 'visard[torch]'")
    numbers = {key: tuple(v) if isinstance(v, list) else v for key, v in said["recipe"].items()}
    if numbers.pop("bank") != bank().sha256:
        raise UsageError("was trained with another bank of donors", where=folder, hint="train it again")
    drawn = plan(name, numbers)
    drawn.net.load_state_dict({k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")})
    album = load(folder / ALBUM) if (folder / ALBUM).exists() else None
    sections: list[Row] = []
    if album is not None:
        # As in use: every condition is a donor.
        used = numbers | {"paired": 0.0} if "paired" in numbers else numbers
        pictures = painted(lesson(name, used, album), drawn.net, told)
        sections = [("Likeness, measured", told_of(compare(pictures, album), "faces painted in training photos"))]
        if name in (sdn.NAME, mfm.NAME):
            found = named(drawn.net, album, drawn.facts["side"], length(name, drawn.facts["bits"]))
            listed = {attribute: one.direction.tolist() for attribute, one in found.items()}
            drawn = drawn._replace(facts=dict(drawn.facts) | {"directions": listed})
            sections.append(("Directions, measured", _responses(found)))
    content = to_onnx(name, drawn)
    with publish(out / f"{name}.onnx", overwrite) as draft, publish(out / f"{name}.md", overwrite) as card:
        draft.write_bytes(content)
        card.write_text(_card(said, album, content, terms, sections, cost(drawn)), "utf-8")
    return out / f"{name}.onnx"


def lesson(name: str, how: dict[str, Any], album: Album) -> Studio:
    """Return the named lesson on an album, with a recipe's numbers."""
    if name == anonygan.NAME:
        return anonygan.AnonyGan(album, anonygan.Recipe(**how), 1)
    if name == ciagan.NAME:
        return ciagan.Ciagan(album, ciagan.Recipe(**how), 1)
    if name == estrange.NAME:
        return estrange.Estrange(album, estrange.Recipe(**how), 1)
    if name == sdn.NAME:
        return sdn.Sdn(album, sdn.Recipe(**how), 1)
    if name == mfm.NAME:
        return mfm.Mfm(album, mfm.Recipe(**how), 1)
    if name == transformer.NAME:
        return transformer.Identity(album, transformer.Recipe(**how), 1)
    return ksame_net.KSameNet(ksame_net.Recipe(**how), 1)


def painted(taught: Studio, net: Any, told: Told) -> list[Pixels]:
    """Return squares (128, 128, 3) as a network paints them in training photos: the last column of a lesson's sheet."""
    taught.net("average").load_state_dict(net.state_dict())
    pictures = []
    with torch.inference_mode():
        for n in range(_PAINTED):
            told("painting", n, _PAINTED)
            one = taught.samples[2**32 + n]
            batch = type(one)(*(torch.from_numpy(np.asarray(v))[None].to(taught.device) for v in one))
            square = taught.show(batch)[-1][0].float().cpu().clamp(-1, 1).permute(1, 2, 0).numpy()
            large = cv2.resize((square + 1) * 127.5, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            pictures.append(np.clip(np.round(large), 0, 255).astype(np.uint8))
    return pictures


def _responses(found: dict[str, Named]) -> str:
    """Return a card's sentences on what one degree of each named direction changes."""
    return (
        "; ".join(
            f"{attribute}: one degree changes its reading by {one.change:.3f} on average, {one.sure:.1f} deviations"
            for attribute, one in found.items()
        )
        + ". Below one deviation a direction hardly does what its name says."
    )


def _card(
    said: dict[str, Any], album: Album | None, content: bytes, terms: str, sections: list[Row], spent: tuple[int, int]
) -> str:
    about = [("data", "the donors of the bank; no photo of anybody")]
    if album is not None:
        people, kept = len(set(album.people)), len({album.people[i] for i in album.rows})
        apart = f"{people - kept} people who could be among those it is judged on (FaceNet, cosine above 0.5)"
        about = [("data", f"{len(album.rows)} photos of {kept} people"), ("kept out", apart), terms_row(terms)]
    about += [
        ("training", _TRAINING.format_map(said["progress"])),
        ("recipe", "; ".join(f"{key} {value}" for key, value in said["recipe"].items())),
        ("file", f"{len(content):,} bytes"),
        ("network", f"{spent[0] / 1e6:.1f} M parameters, {spent[1] / 1e9:.2f} G multiply-accumulates"),
        ("sha256", hashlib.sha256(content).hexdigest()),
    ]
    return render(f"{said['name']}.onnx", f"The network that `{said['name']}` paints with.", about, sections)
