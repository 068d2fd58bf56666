"""The background's recipe: scenes with holes, filled in until a critic cannot tell.

Losses: colours in the hole; MobileNetV2's features; a critic with R1.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import default_collate

from visard.methods.background import SIDE
from visard.models.store import absent
from visard.nets.background import WIDTHS, Background
from visard.nets.critic import WIDTHS as CRITIC
from visard.nets.critic import Critic, penalty
from visard.nets.features import MobileNetV2, differ
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
    """Every number that decides the outcome; weights of losses by their names; average: of the weights that ship."""

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    critic_widths: tuple[int, ...] = CRITIC
    rate: float = 4e-4
    critic_rate: float = 2e-4
    steepest: float = 5.0
    warming: int = 200
    average: float = 0.998
    colour: float = 6.0
    look: float = 1.0
    critic: float = 0.1
    steep: float = 1.0
    steep_every: int = 16


class Lesson:
    """The lesson; batch: samples a step, by default 8 on a CPU and 64 on a GPU."""

    name = NAME

    def __init__(self, squares: Pixels, recipe: Recipe | None = None, batch: int | None = None) -> None:
        self._recipe = recipe or Recipe()
        self._looks = not absent(["mobilenetv2"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (64 if self.device.type == "cuda" else 8)
        self.samples: Any = Holes(squares, self._recipe.seed)
        torch.manual_seed(self._recipe.seed)
        self.painter, self.critic = (net.to(self.device) for net in self._new())
        self.average = deepcopy(self.painter).requires_grad_(False)
        self._opt = torch.optim.Adam(self.painter.parameters(), self._recipe.rate, betas=(0.5, 0.99))
        self._critic_opt = torch.optim.Adam(self.critic.parameters(), self._recipe.critic_rate, betas=(0.0, 0.99))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers as JSON knows them, and whether MobileNetV2 was there to look."""
        return numbers(self._recipe) | {"mobilenetv2": self._looks}

    def _new(self) -> tuple[Background, Critic]:
        return Background(self._recipe.widths), Critic(self._recipe.critic_widths)

    def parts(self) -> Parts:
        """Return the networks and optimisers, by name; `average` is what ships."""
        return {
            "painter": self.painter, "critic": self.critic, "average": self.average,
            "painter_memory": self._opt, "critic_memory": self._critic_opt,
        }  # fmt: skip

    def learn(self, batch: Hole, step: int) -> dict[str, float]:
        """Learn from a batch: the painter first, then the critic from what it painted; return the losses."""
        painted, losses = self._paint(batch, step)
        losses |= self._criticise(batch, painted, step)
        follow(self.average, self.painter, self._recipe.average, step)
        return losses

    def _paint(self, batch: Any, step: int) -> tuple[Tensor, dict[str, float]]:
        how = self._recipe
        self.critic.requires_grad_(False)
        whole = torch.where(batch.hidden > 0, self.painter(batch.inputs), batch.target)
        losses = {
            "colour": (whole - batch.target).abs().sum() / (3 * batch.hidden.sum() + 1),
            "critic": functional.softplus(-self.critic(_shown(whole, batch))).mean(),
        }
        if self._looks:
            losses["look"] = differ(self._mobilenet(whole), self._mobilenet(batch.target))
        for group in self._opt.param_groups:
            group["lr"] = how.rate * min(1.0, (step + 1) / how.warming)
        self._opt.zero_grad(set_to_none=True)
        torch.stack([getattr(how, name) * value for name, value in losses.items()]).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.painter.parameters(), how.steepest)
        self._opt.step()
        return whole.detach(), {name: float(value.detach()) for name, value in losses.items()}

    def _criticise(self, batch: Any, painted: Tensor, step: int) -> dict[str, float]:
        how = self._recipe
        self.critic.requires_grad_(True)
        real = functional.softplus(-self.critic(_shown(batch.target, batch))).mean()
        fake = functional.softplus(self.critic(_shown(painted, batch))).mean()
        losses = {"real": real, "fake": fake}
        total = real + fake
        if step % how.steep_every == 0:
            losses["steep"] = penalty(self.critic, _shown(batch.target, batch))
            total = total + how.steep / 2 * how.steep_every * losses["steep"]
        self._critic_opt.zero_grad(set_to_none=True)
        total.backward()
        self._critic_opt.step()
        return {name: float(value.detach()) for name, value in losses.items()}

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

    @cached_property
    def _mobilenet(self) -> Any:
        return MobileNetV2().to(self.device)


def _shown(picture: Tensor, batch: Any) -> Tensor:
    """Return (n, 6, S, S) what the critic sees; a scene has no face, so it is told no place on one."""
    return torch.cat([picture, 1 - batch.hidden, torch.zeros_like(picture[:, :2])], dim=1)


def train(data: Path, out: Path, minutes: float, resume: bool = False, tick: Tick = lambda line: None) -> Progress:
    """Teach the network for some minutes, in a folder, and return how far it has come.

    data: the development data, or a folder of photos without people; every tenth photo is kept for judging. Raises
    UsageError where data, or what lies in the folder, will not do; TargetError; ModelError.
    """
    return learn(Lesson(gather(data)), out, minutes, resume, told=tick)
