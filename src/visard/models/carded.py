"""Weights that visard's own training made: read with their card, without which no network runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from visard.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of what visard ships."""

FORMAT = 1
"""Version of these files."""


def carded(file: Path, hint: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file; raises ModelError where it or its card is missing, broken or not each other's."""
    card = file.with_suffix(".md")
    try:
        content, told = file.read_bytes(), card.read_text("utf-8")
    except OSError as error:
        what = f"{Path(error.filename or file).name} is missing"
        raise ModelError(f"{what}: a network that was never taught does not run", hint=hint) from error
    if hashlib.sha256(content).hexdigest() not in told:
        raise ModelError("the card speaks of other weights", where=card.name, hint=hint)
    try:
        tensors = load(content)
        if tensors.pop("format").tolist() != [FORMAT]:
            raise ValueError("another version of visard made it")
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"the weights cannot be read: {error}", where=file.name, hint=hint) from error
    return tensors
