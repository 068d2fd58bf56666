"""MfM's recipe, SDN's simpler sibling: a donor's look in the condition instead of the way, and no upper bound.

Pan, Chen and Wu 2021 (METHODS 8.2): the look is what a recogniser taught by others sees in a reference face; here that
of a donor, who is nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visard.train import sdn
from visard.train.checkpoint import Progress
from visard.train.faces import Told
from visard.train.gathering import gather
from visard.train.loop import Tick
from visard.train.loop import train as learn

NAME = "mfm"

LOSSES = tuple(name for name in sdn.LOSSES if name != "leak")
"""What the generator learns by; each can be left out."""


@dataclass(frozen=True, slots=True)
class Recipe(sdn.Recipe):
    """As SDN's, but that what one face tells of the other counts for nothing."""

    leak: float = 0.0


class Mfm(sdn.Sdn):
    """The lesson."""

    name = NAME


def train(
    data: Path, out: Path, minutes: float, resume: bool = False, apart: Path | None = None,
    settings: Mapping[str, Any] | None = None, told: Told = lambda stage, done, total: None,
    tick: Tick = lambda line: None,
) -> Progress:  # fmt: skip
    """Teach MfM for some minutes, in a folder; settings: of the recipe. Raises as `gather` and `loop.train` do."""
    return learn(Mfm(gather(data, out, apart, told), Recipe(**(settings or {}))), out, minutes, resume, told=tick)
