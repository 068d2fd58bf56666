"""A small U-Net that learns to undo a method from pairs of other people's pictures, before and after (needs torch).

Source: Ronneberger et al. 2015, "U-Net"; Todt et al. 2022, "Fantomas", for learned reversal as an attack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from visard.attack.looks import Look
from visard.attack.recognisers.recogniser import stack
from visard.attack.recognisers.tfjs import inference
from visard.errors import UsageError
from visard.models.runtimes import one_thread
from visard.shape.framing import Framing
from visard.types import Pixels, Points

FRAMING = Framing(64, 0.3, 0.4)
"""How the faces lie that the network sees: 64 pixels hold what a recogniser needs."""

_CHANNELS = (32, 64, 96)

_BATCH = 16


def network(seed: int = 0) -> Any:
    """Return an untrained network: three scales, two convolutions each, and a skip at every scale but the last."""
    torch.manual_seed(seed)
    first, second, third = _CHANNELS
    return nn.ModuleDict(
        {
            "down1": _block(3, first),
            "down2": _block(first, second),
            "middle": _block(second, third),
            "up2": _block(third + second, second),
            "up1": _block(second + first, first),
            "out": nn.Conv2d(first, 3, 3, padding=1),
        }
    )


def _block(before: int, after: int) -> Any:
    layers = [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
    return nn.Sequential(*layers, nn.Conv2d(after, after, 3, padding=1), nn.GroupNorm(8, after), nn.SiLU())


def undo(net: Any, hidden: Any) -> Any:
    """Return the guess (N, 3, 64, 64), in [-1, 1], at what lies behind hidden faces of the same shape."""
    high = net["down1"](hidden)
    half = net["down2"](functional.max_pool2d(high, 2))
    low = net["middle"](functional.max_pool2d(half, 2))
    half = net["up2"](torch.cat([functional.interpolate(low, scale_factor=2), half], 1))
    high = net["up1"](torch.cat([functional.interpolate(half, scale_factor=2), high], 1))
    return hidden + net["out"](high)


def train(
    looks: Sequence[Look], steps: int, seed: int = 0, seen: Callable[[int, float], None] = lambda step, loss: None
) -> Any:
    """Return a network trained to undo what was done to these looks; give it none of the people to be attacked.

    L1 loss, Adam at 2e-3 falling to 0 along a cosine, batches of 16, half of them mirrored. seen: called with the
    step and its loss. Raises UsageError without looks.
    """
    if not looks:
        raise UsageError("no pictures to learn from", hint="give pictures of people who are not attacked")
    net = network(seed).train()
    points = [look.points for look in looks]
    hidden, clean = (
        _tensor(stack(pictures, points, FRAMING))
        for pictures in ([look.hidden for look in looks], [look.clean for look in looks])
    )
    optimiser: Any = torch.optim.Adam(net.parameters(), 2e-3)
    schedule: Any = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    random = np.random.default_rng(seed)
    with one_thread(torch):
        for step in range(steps):
            chosen = torch.from_numpy(random.integers(len(looks), size=_BATCH))
            across = [3] if random.random() < 0.5 else []
            guess = undo(net, hidden[chosen].flip(across))
            loss: Any = functional.l1_loss(guess, clean[chosen].flip(across))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            seen(step, float(loss.detach()))
    return net.eval()


def invert(net: Any, looks: Sequence[Look]) -> tuple[list[Pixels], list[Points]]:
    """Return the guesses at the faces of hidden looks, (64, 64, 3) uint8 each, and where their five points lie."""
    faces = stack([look.hidden for look in looks], [look.points for look in looks], FRAMING)
    guesses: list[Pixels] = []
    with inference(torch):
        for start in range(0, len(faces), 32):
            guess = undo(net, _tensor(faces[start : start + 32])).clamp(-1, 1)
            guesses += list(((guess + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy())
    return guesses, [FRAMING.template().astype(np.float32)] * len(guesses)


def _tensor(faces: Pixels) -> Any:
    return torch.from_numpy(faces.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
