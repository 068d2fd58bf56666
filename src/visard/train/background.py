"""The background's recipe: scenes with holes, filled in as they were, as far as that can be foreseen.

The loss is the colours in the hole, alone: without a critic, and without features to look alike, the network says what
is to be expected. Texture is left to patches of the picture itself, which `methods.background` mixes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from visard.methods.background import SIDE
from visard.nets.background import WIDTHS, Background
from visard.train.checkpoint import Parts, Progress
from visard.train.loop import Tick
from visard.train.loop import train as learn
from visard.train.scenes import Hole, Holes, gather
from visard.train.studio import follow, numbers
from visard.types import Pixels

NAME = "background"

_SHOWN = 12
"""Samples on a sheet."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that decides the outcome; lasting: steps before the rate falls, by the root; average: what ships."""

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    rate: float = 1.5e-3
    steepest: float = 1.0
    warming: int = 100
    lasting: int = 1000
    average: float = 0.998


class Lesson:
    """The lesson; batch: samples a step, by default 4 on a CPU and 64 on a GPU."""

    name = NAME

    def __init__(self, squares: Pixels, recipe: Recipe | None = None, batch: int | None = None) -> None:
        self._recipe = recipe or Recipe()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (64 if self.device.type == "cuda" else 4)
        self.samples: Any = Holes(squares, self._recipe.seed)
        torch.manual_seed(self._recipe.seed)
        self.painter = Background(self._recipe.widths).to(self.device)
        self.average = deepcopy(self.painter).requires_grad_(False)
        self._opt = torch.optim.Adam(self.painter.parameters(), self._recipe.rate, betas=(0.9, 0.99))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers, as JSON knows them."""
        return numbers(self._recipe)

    def parts(self) -> Parts:
        """Return the networks and the optimiser, by name; `average` is what ships."""
        return {"painter": self.painter, "average": self.average, "painter_memory": self._opt}

    def learn(self, batch: Any, step: int) -> dict[str, Tensor]:
        """Learn from a batch; return the loss."""
        how = self._recipe
        off = ((self.painter(batch.inputs) - batch.target) * batch.hidden).abs().mean(dim=1, keepdim=True)
        # Each hole counts alike: judged by its sum, only the largest would be learnt.
        loss = (off.sum(dim=(1, 2, 3)) / batch.hidden.sum(dim=(1, 2, 3))).mean()
        # Falling like this it needs no end: minutes are what a run is given, and it may be resumed.
        rate = how.rate * min((step + 1) / how.warming, 1.0, (how.lasting / (step + 1)) ** 0.5)
        for group in self._opt.param_groups:
            group["lr"] = rate
        self._opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.painter.parameters(), how.steepest)
        self._opt.step()
        follow(self.average, self.painter, how.average, step)
        return {"colour": loss.detach()}

    def sheet(self) -> Pixels:
        """Return rows of scenes as the network sees them, as its average fills them, and as they were."""
        shown = Holes(self.samples.squares, seed=2**31)
        batch = Hole(*default_collate([shown[n] for n in range(_SHOWN)]))
        with torch.inference_mode():
            seen = torch.as_tensor(batch.inputs).to(self.device)
            painted = self.average(seen).cpu()
        target, hidden = torch.as_tensor(batch.target), torch.as_tensor(batch.hidden)
        whole = torch.where(hidden > 0, painted, target)
        columns = torch.cat([torch.as_tensor(batch.inputs)[:, :3], whole, target], dim=3)
        rows = (columns.clamp(-1, 1) + 1).permute(0, 2, 3, 1).numpy() * 127.5
        half = _SHOWN // 2
        halves = [rows[:half].reshape(-1, 3 * SIDE, 3), rows[half:].reshape(-1, 3 * SIDE, 3)]
        return np.round(np.hstack(halves)).astype(np.uint8)


def train(data: Path, out: Path, minutes: float, resume: bool = False, tick: Tick = lambda line: None) -> Progress:
    """Teach the network for some minutes, in a folder, and return how far it has come.

    data: the development data, or a folder of photos without people; every tenth photo is kept for judging. Raises
    UsageError where data, or what lies in the folder, will not do; TargetError; ModelError.
    """
    return learn(Lesson(gather(data)), out, minutes, resume, told=tick)
