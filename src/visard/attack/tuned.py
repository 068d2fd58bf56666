"""The parrot that learns more than a head: a small recogniser trained further on hidden pictures (needs torch).

Source: McPherson et al. 2016, "Defeating Image Obfuscation with Deep Learning"; loss: Wang et al. 2018, "CosFace".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from visard.attack.evidence import number
from visard.attack.looks import Look
from visard.attack.recognisers.human import MobileFace
from visard.attack.recognisers.recogniser import stack
from visard.attack.recognisers.tfjs import Graph, inference
from visard.attack.score import Score, rate
from visard.models.runtimes import need_torch, one_thread

TUNED = "mobileface (fine-tuned)"
"""What results call this attacker."""

_EPOCHS, _BATCH, _RATE = 6, 16, 0.01

_SCALE, _MARGIN = 24.0, 0.1
"""Of the cosines in the loss."""


def tuned(looks: Sequence[Look], seen: Callable[[int, int], None] = lambda done, total: None, seed: int = 0) -> Score:
    """Return rank-1 of MobileFace, trained further on hidden pictures of everyone but their first, on the first ones.

    Faces are aligned by the clear landmarks and half of them mirrored; all weights learn, by stochastic gradient
    descent with momentum, whose rate falls along a cosine. Raises ModelError without torch or the network.
    """
    torch = need_torch("fine-tuning")
    people, shots = number([look.person for look in looks])
    chips = stack([look.hidden for look in looks], [look.best_points for look in looks], MobileFace.framing)
    batch = torch.from_numpy(chips.astype(np.float32))
    tested = torch.from_numpy(np.flatnonzero(shots == 0))
    known, whose = np.flatnonzero(shots > 0), torch.from_numpy(people)
    network = _Network(torch)
    with one_thread(torch):
        head = _means(torch, network(batch[torch.from_numpy(known)]).detach(), whose[torch.from_numpy(known)])
        parameters = [*network.learnt, head.requires_grad_(True)]
        steps = _EPOCHS * -(-len(known) // _BATCH)
        optimiser: Any = torch.optim.SGD(parameters, _RATE, momentum=0.9, weight_decay=5e-4)
        schedule: Any = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        random, step = np.random.default_rng(seed), 0
        for _ in range(_EPOCHS):
            for rows in np.array_split(random.permutation(known), -(-len(known) // _BATCH)):
                chosen = torch.from_numpy(rows)
                faces = batch[chosen].flip([2]) if random.random() < 0.5 else batch[chosen]
                cosines = network(faces) @ torch.nn.functional.normalize(head, dim=1).T
                own = torch.nn.functional.one_hot(whose[chosen], len(head))
                loss: Any = torch.nn.functional.cross_entropy(_SCALE * (cosines - _MARGIN * own), whose[chosen])
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 5.0)
                optimiser.step()
                schedule.step()
                step += 1
                seen(step, steps)
    with inference(torch):
        said = (network(batch[tested]) @ torch.nn.functional.normalize(head, dim=1).T).argmax(1)
        right = int((said == whose[tested]).sum())
    return rate("parrot rank-1", right, len(tested))


class _Network:
    """MobileFace as a function of its weights, (N, 112, 112, 3) float32 to (N, 256) of length 1."""

    def __init__(self, torch: Any) -> None:
        self._torch, self._graph = torch, Graph("mobileface_graph", "mobileface")
        self.learnt = [w.requires_grad_(True) for w in self._graph.weights.values() if w.dtype == torch.float32]

    def __call__(self, faces: Any) -> Any:
        parts = [self._graph.forward(faces[i : i + _BATCH], "batchnorm0/add_1") for i in range(0, len(faces), _BATCH)]
        return self._torch.nn.functional.normalize(self._torch.cat(parts), dim=1)


def _means(torch: Any, vectors: Any, whose: Any) -> Any:
    """Return the mean vector of each person, (K, D): where the head begins."""
    return torch.stack([vectors[whose == person].mean(0) for person in range(int(whose.max()) + 1)])
