"""SeFa: directions of a latent space in closed form, from the weights alone (Shen and Zhou 2021; METHODS 8.3)."""

from __future__ import annotations

import torch
from torch import Tensor


def directions(affine: Tensor, count: int) -> Tensor:
    """Return (count, L) unit directions n that change most, || A^T n || largest first, each across the others.

    affine: (L, N) what the layers make of a latent (L,). They are eigenvectors of A A^T; the largest number of each is
    positive, so that the same weights give the same directions.
    """
    _, vectors = torch.linalg.eigh(affine.double() @ affine.double().T)
    found = vectors.flip(1).T[:count]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    return (found * largest.sign()).float()
