"""What attacks descend on: for classifiers logits (C,), for embeddings vectors (D,) of length 1. Arithmetic only.

Class 0 is the person who is to be hidden (METHODS 4.1, 4.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def cross_entropy(logits: Tensor, label: int) -> Tensor:
    """Return -log softmax(logits)[label]: small where the classifier says `label`."""
    return logits.logsumexp(0) - logits[label]


def unlike(vector: Tensor, other: Tensor) -> Tensor:
    """Return 1 - cosine: small where the two are taken for one person."""
    return 1 - (vector * other).sum()


def rank_of_person(logits: Tensor) -> int:
    """Return at which place class 0 comes, 1 = first."""
    return 1 + int((logits[1:] > logits[0]).sum())


def rank_loss(logits: Tensor, rank: int, margin: float, window: int = 1) -> Tensor:
    """Return how far class 0 is from place `rank`: rank - 1 others above it, and the next ones below.

    Sum over the others j, in order of their logits o, of [z_0 - o_j + margin]+ for j < rank and of
    [o_j - z_0 + margin]+ for rank <= j <= rank + window (METHODS 4.4).
    """
    person, others = logits[0], logits[1:].sort(descending=True).values
    above = (person - others[: rank - 1] + margin).clamp(min=0).sum()
    below = (others[rank - 1 : rank + window] - person + margin).clamp(min=0).sum()
    return above + below
