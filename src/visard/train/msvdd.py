"""How an m-SVDD layer is trained on dlib's features of known people, beside the linear layer that it replaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from visard.errors import UsageError
from visard.nets.msvdd import Linear, Msvdd
from visard.publish import publish
from visard.shape.identity import look
from visard.train.card import render, terms_row
from visard.train.faces import Photo, Told, is_development, packed, photographed

LEAST = 5
"""Photos of a person from which on there is a class; of each five, one widens the spheres and one tests."""

_EPOCHS, _WARM = 80, 10
"""Passes over the data, and those after which radii follow the classes."""

_RATE, _DECAY, _BATCH = 2e-3, 1e-4, 256

OUTSIDE = 0.1
"""Share of a class that may lie outside its sphere."""

_MARGIN = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Features (N, 128) of known people, their labels (N,), what each row is for, and the people's names.

    part: (N,), 0 to train on, 1 to widen the spheres, 2 to test.
    """

    features: Tensor
    labels: Tensor
    part: Tensor
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Defence:
    """Two heads on the same features: features are seen from `mean` and divided by `spread` first.

    accuracy: of each head on clean test photos; accepted: share that the m-SVDD layer accepts, rightly named.
    """

    linear: Linear
    msvdd: Msvdd
    mean: Tensor
    spread: Tensor
    accuracy: tuple[float, float]
    accepted: float


def train(
    data: Path, out: Path, people: int = 100, seed: int = 0, terms: str = "", overwrite: bool = False,
    told: Told = lambda stage, done, total: None,
) -> dict[str, float]:  # fmt: skip
    """Write out/msvdd.safetensors and its card; return accuracies on photos that were not trained on.

    data: the development data, or a folder of photos with one folder a person; people: those with most photos.
    Raises UsageError where fewer than two people have five photos, TargetError for a file that exists, ModelError.
    """
    with publish(out / "msvdd.safetensors", overwrite) as draft, publish(out / "msvdd.md", overwrite) as card:
        photos, total = packed(data, "celeba_train") if is_development(data) else photographed(data)
        known = gather(photos, total, people, told, data)
        defence = fit(known, seed, told)
        tensors = {f"linear.{k}": v for k, v in defence.linear.state_dict().items()}
        tensors |= {f"msvdd.{k}": v for k, v in defence.msvdd.state_dict().items()}
        tensors |= {"mean": defence.mean, "spread": defence.spread}
        save_file({key: value.contiguous() for key, value in tensors.items()}, str(draft), {"seed": str(seed)})
        rows = [
            ("people", str(len(known.people))),
            ("photos", "{} to train on, {} for the radii, {} to test".format(*(int(n) for n in known.part.bincount()))),
            ("right, linear layer", f"{100 * defence.accuracy[0]:.1f} %"),
            ("right, m-SVDD layer", f"{100 * defence.accuracy[1]:.1f} %"),
            ("right and accepted, m-SVDD layer", f"{100 * defence.accepted:.1f} %"),
            ("seed", str(seed)),
            terms_row(terms),
        ]
        first = "Knows these people by dlib's features, and rejects whom it does not know."
        card.write_text(render("m-SVDD layer", first, rows), "utf-8")
    return {"people": len(known.people), "linear": defence.accuracy[0], "msvdd": defence.accuracy[1]}


def gather(photos: Iterator[Photo | None], total: int, people: int, told: Told, where: object = "") -> Known:
    """Return the features of the people with most photos; raises UsageError where there are fewer than two."""
    names: list[str] = []
    rows: list[NDArray[np.float32]] = []
    for done, photo in enumerate(photos, 1):
        told("reading faces", done, total)
        seen = look(photo.region, photo.pixels) if photo is not None else None
        if photo is not None and seen is not None:
            names.append(photo.person)
            rows.append(seen.embedding)
    kept = sorted(name for name, count in Counter(names).most_common(people) if count >= LEAST)
    if len(kept) < 2:
        raise UsageError(f"{len(kept)} people have {LEAST} photos", where=where, hint="add photos, one folder a person")
    number = {name: i for i, name in enumerate(kept)}
    chosen = [i for i, name in enumerate(names) if name in number]
    seen_of: Counter[str] = Counter()
    part = []
    for i in chosen:
        part.append((0, 0, 0, 1, 2)[seen_of[names[i]] % LEAST])
        seen_of[names[i]] += 1
    features = torch.from_numpy(np.stack([rows[i] for i in chosen]))
    labels = torch.tensor([number[names[i]] for i in chosen])
    return Known(features, labels, torch.tensor(part), tuple(kept))


def fit(known: Known, seed: int, told: Told = lambda stage, done, total: None) -> Defence:
    """Return both heads, trained with the same seed on the same photos, and how they do on the others."""
    own = known.features[known.part == 0]
    mean, spread = own.mean(dim=0), own.std()
    (x, y), (wide, whose), (test, truth) = (
        ((known.features[known.part == p] - mean) / spread, known.labels[known.part == p]) for p in range(3)
    )
    torch.manual_seed(seed)
    linear = Linear(x.shape[1], len(known.people))
    cross_entropy = nn.CrossEntropyLoss()
    for _ in _epochs(linear, x, y, lambda a, b: cross_entropy(linear(a), b), told, "linear layer"):
        pass
    torch.manual_seed(seed)
    msvdd = Msvdd(x.shape[1], len(known.people))
    msvdd.settle(x, y)
    msvdd.refresh(x, y, OUTSIDE)
    for epoch in _epochs(msvdd, x, y, lambda a, b: msvdd.loss(a, b, OUTSIDE, _MARGIN), told, "m-SVDD layer"):
        if epoch >= _WARM:
            msvdd.refresh(x, y, OUTSIDE)
    # What was trained on lies nearer to the centres than further pictures of the same people do.
    msvdd.widen(wide, whose, OUTSIDE)
    with torch.no_grad():
        outputs = msvdd(test)
        right = outputs.argmax(dim=1) == truth
        accuracy = float((linear(test).argmax(dim=1) == truth).float().mean()), float(right.float().mean())
        accepted = float((right & msvdd.accepts(outputs)).float().mean())
    for head in (linear, msvdd):
        head.eval().requires_grad_(False)
    return Defence(linear, msvdd, mean, spread, accuracy, accepted)


def _epochs(
    head: nn.Module, x: Tensor, y: Tensor, loss: Callable[[Tensor, Tensor], Tensor], told: Told, stage: str
) -> Iterator[int]:
    """Pass over the data with Adam, giving the number of each pass that is done."""
    adam = torch.optim.Adam(head.parameters(), lr=_RATE, weight_decay=_DECAY)
    for epoch in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(x)), _BATCH):
            adam.zero_grad()
            loss(x[batch], y[batch]).backward()
            adam.step()
        told(stage, epoch + 1, _EPOCHS)
        yield epoch
