"""From a checkpoint to what runs, for plain networks: the averaged weights, and the card without which none does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from visard.errors import UsageError
from visard.models.carded import FORMAT
from visard.publish import publish
from visard.train import background, denoiser
from visard.train.card import render, terms_row
from visard.train.checkpoint import read
from visard.train.loop import CHECKPOINT

SHIPPED: Mapping[str, str] = {
    background.NAME: "The network that `cancel` predicts backgrounds with.",
    denoiser.NAME: "The network that `diffuse` paints faces and hair with.",
}
"""Name of a checkpoint -> the card's first sentence."""

_LEAST = 1000
"""Pictures a network must have seen at least before it may be called taught."""


def ship(folder: Path, out: Path, terms: str = "", overwrite: bool = False) -> Path:
    """Write out/NAME.safetensors and its card from a training folder, and return the former.

    Raises UsageError where the folder holds no checkpoint of these, or one that was hardly taught; TargetError.
    """
    said, tensors = read(folder / CHECKPOINT)
    name, images = said["name"], said["progress"]["images"]
    if name not in SHIPPED:
        raise UsageError(f"is a checkpoint of {name!r}", where=folder, hint=f"train one of {', '.join(SHIPPED)}")
    if images < _LEAST:
        hint = f"train {name!r} on at least {_LEAST} pictures"
        raise UsageError(f"has seen {images} pictures", where=folder, hint=hint)
    # Sixteen bits hold a weight well enough, and half the bytes.
    weights = {k.removeprefix("average."): v.half().numpy() for k, v in tensors.items() if k.startswith("average.")}
    packed = {"format": np.array([FORMAT], np.int32)} | weights
    with publish(out / f"{name}.safetensors", overwrite) as draft, publish(out / f"{name}.md", overwrite) as card:
        save_file(packed, str(draft))
        content = draft.read_bytes()
        training = "{images} samples, {steps} steps, {seconds:.0f} seconds, last on {machine}"
        rows = [
            terms_row(terms),
            ("training", training.format_map(said["progress"])),
            ("recipe", "; ".join(f"{key} {value}" for key, value in said["recipe"].items())),
            ("file", f"format {FORMAT}; {len(content):,} bytes, the averaged weights in 16 bits"),
            ("sha256", hashlib.sha256(content).hexdigest()),
        ]
        card.write_text(render(f"{name}.safetensors", SHIPPED[name], rows), "utf-8")
    return out / f"{name}.safetensors"
