"""Support Vector Data Description (Tax and Duin 2004): the smallest soft sphere around points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]


def svdd(x: Vectors, outside: float, tolerance: float = 1e-4, steps: int = 200_000) -> tuple[Vectors, Vectors, float]:
    """Return (alpha, centre, R): the dual's solution, a = sum of alpha_i x_i, and the sphere's radius.

    x: (N, d). outside: share of the points that may lie outside, in (0, 1]; C = 1 / (outside N).
    Solves max sum alpha_i <x_i, x_i> - sum alpha_i alpha_j <x_i, x_j>, 0 <= alpha_i <= C, sum alpha_i = 1
    (METHODS 2.3) by sequential minimal optimisation: weight moves from the nearest point that has some to the
    farthest that may take it, as far as the line's optimum, until their squared distances from the centre differ by
    less than tolerance of their mean. Raises RuntimeError if that takes more than the given steps.
    """
    number = len(x)
    limit = 1.0 / max(1.0, outside * number)
    alpha = np.full(number, 1.0 / number)
    centre = x.mean(axis=0)
    norms = np.einsum("nd,nd->n", x, x)
    for _ in range(steps):
        squared = norms - 2.0 * (x @ centre) + centre @ centre
        far = int(np.argmax(np.where(alpha < limit * (1 - 1e-9), squared, -np.inf)))
        near = int(np.argmin(np.where(alpha > limit * 1e-9, squared, np.inf)))
        # The KKT conditions hold when no point that could take weight lies beyond one that could give it.
        gap = squared[far] - squared[near]
        if gap <= tolerance * max(float(squared.mean()), 1e-12):
            return alpha, centre, _radius(squared, alpha, limit)
        along = x[far] - x[near]
        step = min(gap / (2.0 * float(along @ along)), limit - alpha[far], alpha[near])
        alpha[far] += step
        alpha[near] -= step
        centre = centre + step * along
    raise RuntimeError(f"SVDD did not converge in {steps} steps")


def _radius(squared: Vectors, alpha: Vectors, limit: float) -> float:
    """Return the distance of the unbounded support vectors; between inner and outer points if there are none."""
    free = (alpha > limit * 1e-6) & (alpha < limit * (1 - 1e-6))
    if free.any():
        return float(np.sqrt(squared[free].mean()))
    inner, outer = squared[alpha <= limit * 1e-6], squared[alpha > limit * 1e-6]
    return float(np.sqrt((inner.max(initial=outer.min()) + outer.min()) / 2))
