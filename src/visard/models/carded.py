"""Weights that visard's own training made: read with their card, without which no network runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from visard.errors import ModelError, UsageError

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of what visard ships."""


def carded(file: Path, hint: str, failure: type[ModelError | UsageError] = ModelError) -> bytes:
    """Return what a file holds; raises the failure where it or its card is missing, or they are not each other's."""
    card = file.with_suffix(".md")
    try:
        content, told = file.read_bytes(), card.read_text("utf-8")
    except OSError as error:
        what = f"{Path(error.filename or file).name} is missing: a network without weights and card does not run"
        raise failure(what, hint=hint) from error
    if hashlib.sha256(content).hexdigest() not in told:
        raise failure("the card speaks of other weights", where=card.name, hint=hint)
    return content
