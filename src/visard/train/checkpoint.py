"""Where training stands, as one file: weights, optimisers' memories, how many pictures were seen; nothing runs in it.

All randomness of a recipe derives from its seed and the number of the picture or step, so that no generator's state
needs keeping.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from visard.errors import UsageError
from visard.publish import publish

FORMAT = 1
"""Version of the file."""

Parts = Mapping[str, nn.Module | torch.optim.Optimizer]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it went: steps, pictures seen, seconds of training; `machine`: what it ran on, in words."""

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    machine: str = ""


def save(file: Path, name: str, recipe: Mapping[str, Any], parts: Parts, progress: Progress) -> None:
    """Write a checkpoint, whole or not at all; raises TargetError."""
    told = {"format": FORMAT, "name": name, "recipe": dict(recipe), "progress": asdict(progress)}
    tensors = {key: value.detach().cpu().contiguous() for key, value in _tensors(parts)}
    with publish(file, overwrite=True) as draft:
        save_file(tensors, str(draft), {"visard": json.dumps(told)})


def restore(file: Path, name: str, recipe: Mapping[str, Any], parts: Parts) -> Progress:
    """Bring the parts to where a checkpoint left them, and return how far that was.

    Raises UsageError where the file is no checkpoint, another recipe's, or another version's.
    """
    told, tensors = read(file)
    if told["name"] != name:
        raise UsageError(f"is a checkpoint of {told['name']!r}", where=file, hint=f"give one of {name!r}")
    if told["recipe"] != dict(recipe):
        other = sorted(k for k in recipe if told["recipe"].get(k) != recipe[k])
        what = f"was trained with another recipe: {', '.join(other) or 'more settings'}"
        raise UsageError(what, where=file, hint="go on with the version of visard that made it")
    try:
        for key, part in parts.items():
            own = {k[len(key) + 1 :]: v for k, v in tensors.items() if k.startswith(f"{key}.")}
            if isinstance(part, nn.Module):
                part.load_state_dict(own)
            else:
                _remember(part, own)
    except (RuntimeError, KeyError, ValueError) as error:
        what = f"does not fit the network: {str(error).splitlines()[0]}"
        raise UsageError(what, where=file, hint="go on with the version of visard that made it") from error
    return Progress(**told["progress"])


def read(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return what a checkpoint says of itself (name, recipe, progress), and its tensors; raises UsageError."""
    try:
        with safe_open(str(file), "pt") as opened:
            told = json.loads((opened.metadata() or {})["visard"])
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        if told["format"] != FORMAT:
            raise ValueError("another version of visard made it")
    except FileNotFoundError:
        raise UsageError("there is no checkpoint", where=file, hint="train first, without --resume") from None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise UsageError(f"is no checkpoint: {error}", where=file, hint="train anew, without --resume") from error
    return told, tensors


def _tensors(parts: Parts) -> Iterator[tuple[str, Tensor]]:
    for key, part in parts.items():
        if isinstance(part, nn.Module):
            yield from ((f"{key}.{name}", value) for name, value in part.state_dict().items())
        else:
            for number, memory in part.state_dict()["state"].items():
                yield from ((f"{key}.{number}.{name}", torch.as_tensor(value)) for name, value in memory.items())


def _remember(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state = optimiser.state_dict()
    state["state"] = {}
    for key, value in tensors.items():
        number, name = key.split(".")
        state["state"].setdefault(int(number), {})[name] = value
    optimiser.load_state_dict(state)
