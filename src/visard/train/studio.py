"""What the recipes of the generators share: a device, a running average of what is taught, and one way to descend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import default_collate

from visard.methods.donors import bank
from visard.train.checkpoint import Parts
from visard.train.precision import fast
from visard.types import Pixels

_SHOWN = 8
"""Samples on a sheet."""


def numbers(how: Any) -> dict[str, Any]:
    """Return the numbers of a recipe, a dataclass, as JSON knows them."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(how).items()}


def follow(average: nn.Module, net: nn.Module, slowly: float, step: int) -> None:
    """Let a running average follow its network after a step; slowly: what it keeps of itself, less in the beginning."""
    share, now = min(slowly, (1 + step) / (10 + step)), net.state_dict()
    learnt = {name for name, _ in average.named_parameters()}
    with torch.no_grad():
        for name, mean in average.state_dict().items():
            # What normalisation remembers is an average already.
            mean.lerp_(now[name], 1 - share) if name in learnt else mean.copy_(now[name])


class Studio(ABC):
    """A lesson with a generator, whose running average is what ships, and whatever else it is taught by.

    how: the recipe, a frozen dataclass with seed, rate, average (how slowly the average follows) and steepest (length
    to which longer gradients are cut), and a weight for each of the generator's losses, by its name.
    """

    name: str

    def __init__(self, how: Any, samples: Any, batch: int | None, on_gpu: int = 64) -> None:
        self.how, self.samples = how, samples
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (on_gpu if self.device.type == "cuda" else 8)
        self._parts: dict[str, Any] = {}
        torch.manual_seed(how.seed)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe's numbers, as JSON knows them, and what its donors are known by."""
        return numbers(self.how) | {"bank": bank().sha256}

    def parts(self) -> Parts:
        """Return the networks and optimisers, by name; `average` is what ships."""
        return self._parts

    def learn(self, batch: Any, step: int) -> dict[str, Tensor]:
        """Learn from a batch; return the losses."""
        torch.manual_seed(self.how.seed * 1_000_003 + step)  # dropout's, too, is the step's own
        batch = batch._replace(
            **{k: v.contiguous(memory_format=torch.channels_last) for k, v in batch._asdict().items() if v.dim() == 4}
        )
        losses = self.teach(batch, step)
        follow(self.net("average"), self.net("generator"), self.how.average, step)
        return {name: torch.as_tensor(value).detach() for name, value in losses.items()}

    def sheet(self) -> Pixels:
        """Return rows of what the average makes of the samples, as `show` lays them out."""
        batch = type(self.samples[0])(*default_collate([self.samples[2**31 + n] for n in range(_SHOWN)]))
        moved = type(batch)(*(value.to(self.device) for value in batch))
        with torch.inference_mode():
            columns = torch.cat([column.float().cpu() for column in self.show(moved)], dim=3)
        rows = (columns.clamp(-1, 1) + 1).permute(0, 2, 3, 1).numpy() * 127.5
        return np.asarray(np.round(rows.reshape(-1, *rows.shape[2:])), np.uint8)

    @abstractmethod
    def teach(self, batch: Any, step: int) -> dict[str, Any]:
        """Do one step of everything that is taught; return the losses."""

    @abstractmethod
    def show(self, batch: Any) -> list[Tensor]:
        """Return pictures (n, 3, S, S), side by side, of a batch."""

    def enlist(self, generator: Any, **others: tuple[Any, float]) -> None:
        """Place the networks on the device with an optimiser each; others: networks and their rates, by name."""
        taught = {"generator": (generator, self.how.rate), **others}
        for name, (net, rate) in taught.items():
            self._parts[name] = net.to(self.device, memory_format=torch.channels_last)
            moving = [weight for weight in net.parameters() if weight.requires_grad]
            self._parts[f"{name}_memory"] = torch.optim.Adam(moving, rate, betas=(0.5, 0.999))
        self._parts["average"] = deepcopy(generator).requires_grad_(False).eval()

    def net(self, name: str) -> Any:
        """Return a network by name."""
        return self._parts[name]

    def freeze(self, *names: str) -> None:
        """Let gradients pass through all networks, but stay in the named ones."""
        for name, part in self._parts.items():
            if not name.endswith("_memory") and name != "average":
                part.requires_grad_(name not in names)

    def descend(self, name: str, losses: Mapping[str, Tensor], weigh: bool = False) -> None:
        """Take a step of a network down its losses; weigh: each by the recipe's number of its name."""
        memory = self._parts[f"{name}_memory"]
        total = [getattr(self.how, key) * loss if weigh else loss for key, loss in losses.items()]
        memory.zero_grad(set_to_none=True)
        torch.stack(total).sum().backward()
        torch.nn.utils.clip_grad_norm_(self._parts[name].parameters(), self.how.steepest)
        memory.step()

    def fast(self) -> torch.autocast:
        """Return the context in which networks calculate as fast as the device lets them."""
        return fast(self.device)


def judged(logits: Tensor, real: bool) -> Tensor:
    """Return the cross entropy of a critic's logits with real or not."""
    wanted = torch.full_like(logits, float(real), dtype=torch.float32)
    return functional.binary_cross_entropy_with_logits(logits.float(), wanted)


def squares(logits: Tensor, real: bool) -> Tensor:
    """Return the least-squares loss of a critic's verdict (Mao et al. 2017)."""
    return (logits.float() - float(real)).square().mean()
