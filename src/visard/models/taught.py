"""Networks that `visard train` taught, as ONNX files that say what they are; none runs without its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError, UsageError
from visard.models.carded import WEIGHTS, carded
from visard.models.onnx import facts_of
from visard.models.runtimes import OpenCvNet

Floats = NDArray[np.float32]

FORMAT = 1
"""Version of the facts."""

FOLDER = WEIGHTS
"""Where the networks lie that visard ships."""


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A network, and the facts that its file states: side of its square in pixels, and what its recipe adds.

    sha256: of the file.
    """

    facts: Mapping[str, Any]
    _net: OpenCvNet
    sha256: str = ""

    def __call__(self, *blobs: Floats) -> list[Floats]:
        """Return its results for its inputs, each with a first axis of one."""
        return self._net(*blobs)

    @property
    def side(self) -> int:
        """Side in pixels of the square that it sees."""
        return int(self.facts["side"])


def taught(name: str, path: str = "") -> Taught:
    """Return the named network that visard ships, or the one in an ONNX file that `visard train export` made.

    Raises ModelError where it or its card is missing, broken or not each other's; UsageError where that is true of
    the path, or the path is none.
    """
    if not isinstance(path, str):
        raise UsageError(f"weights is {path!r}", hint="give a file's path in quotes")
    return _open(name, Path(path) if path else FOLDER / f"{name}.onnx", bool(path))


def shipped(name: str) -> bool:
    """Return whether visard ships the named network."""
    return (FOLDER / f"{name}.onnx").exists()


@cache
def _open(name: str, file: Path, own: bool) -> Taught:
    failure: type[ModelError | UsageError] = UsageError if own else ModelError
    remedy = f"teach it: `visard train {name}`, then `visard train export`"
    remedy += "" if own else f", and give its file with `--set weights={name}.onnx`"
    content = carded(file, remedy, failure)
    try:
        facts = facts_of(content)
        if facts["format"] != FORMAT or facts["name"] != name:
            raise ValueError(f"it holds {facts['name']!r}, format {facts['format']}")
        net = OpenCvNet(name, facts["outputs"], content=content, inputs=facts["inputs"])
    except (KeyError, ValueError) as error:
        raise failure(f"is no network {name!r}: {error}", where=file.name, hint=remedy) from error
    return Taught(facts, net, hashlib.sha256(content).hexdigest())
