"""k-A3: the person comes at a place drawn from K, not second. People, and recognisers it was not made for, still know.

Whoever looks at one place of a ranking finds the person there with a chance of 1 in K at most, over many pictures. It
holds for the networks and the people it was made with, and for as long as those are asked.
Source: Mygdalis, Tefas and Pitas 2020, as METHODS 4.4 reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from visard.errors import UsageError
from visard.methods.adversarial.adversarial import Adversarial, check_steps
from visard.methods.adversarial.objectives import rank_loss
from visard.methods.adversarial.pfgvm import penalised_step
from visard.methods.strength import check_above, check_count, check_weight, words

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.scene import Scene, Sight


_MARGIN, _HELD = 1.0, 0.3
"""Distance of logits to the places above and below that is sought, and that must hold in the saved picture."""

_ALIGNED = 2
"""In how many further alignments the place must hold."""

_LOGITS = 16.0
"""What the ranks' loss is divided by, so that its gradient is of the size of a likeness's."""

_BACK = (0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Ka3(Adversarial):
    """Bring the person to place r among the others, r uniform over 2 to k + 1, with little visible change.

    k: how many places. penalty: weight of the visible change, (1/2) ||x - original||^2. step: of the gradient.
    """

    name: ClassVar[str] = "ka3"

    k: int = 5
    penalty: float = 0.02
    step: float = 0.5
    steps: int = 120

    def __post_init__(self) -> None:
        Adversarial.__post_init__(self)
        check_count("k", self.k, least=2)
        check_weight("penalty", self.penalty)
        check_above("step", self.step)
        check_steps(self.steps)

    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        others = len(sights[0].others)
        if others < self.k + 1:
            raise UsageError(f"{others} others are too few for {self.k} places", hint="add photos or lower k")
        rank = int(np.random.default_rng([scene.seed, self.k]).integers(2, self.k + 2))
        return spread(scene, sights, rank, self)


def spread(scene: Scene, sights: Sequence[Sight], rank: int, how: Ka3, far: bool = True) -> Tensor:
    """Return the picture whose person comes at this place for every network, changed as little as steps allow.

    far: also as far from oneself as `strength` asks, as for a recogniser that compares two pictures. Once the place
    is reached the change is drawn back for as long as it holds.
    """
    from visard.nets.descent import descend

    def does(seen: Sequence[Tensor]) -> bool:
        held = all(float(rank_loss(s.logits(v.detach()), rank, _HELD)) == 0 for s, v in zip(sights, seen, strict=True))
        return held and (not far or how.reached(sights, seen))

    def objective(x: Tensor) -> tuple[Tensor, bool]:
        seen = scene.look(x, sights, words(how.through))
        losses = []
        for sight, vector in zip(sights, seen, strict=True):
            alike = ((vector * sight.own).sum() - sight.box.goal(how.strength)).clamp(min=0) / sight.box.range
            losses.append(rank_loss(sight.logits(vector), rank, _MARGIN) / _LOGITS + far * alike)
        return sum(losses[1:], losses[0]) / len(losses), does(seen)

    def step(x: Tensor, gradient: Tensor) -> Tensor:
        return penalised_step(x, gradient, scene.picture, how.step, how.penalty)

    def sure(x: Tensor) -> bool:
        return all(does(seen) for seen in scene.found_anew(x, sights, _ALIGNED))

    x = descend(scene.picture, objective, step, how.steps, sure)
    return _drawn_back(x, scene.picture, sure)


def _drawn_back(x: Tensor, origin: Tensor, sure: Callable[[Tensor], bool]) -> Tensor:
    """Return the smallest of a few shares of the change that still does."""
    return next((less for share in _BACK if sure(less := origin + share * (x - origin))), x)
