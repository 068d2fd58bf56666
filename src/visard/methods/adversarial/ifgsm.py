"""I-FGSM: noise of one size. People still recognise the person, recognisers that it was not made for may; not lasting.

The noise is meant for the networks it was made on; who keeps the picture may recognise the person later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from visard.methods.adversarial.adversarial import Iterated
from visard.methods.strength import check_share

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.scene import Scene, Sight


@dataclass(frozen=True, slots=True)
class Ifgsm(Iterated):
    """Step by `step` along the gradient's sign, never farther than `epsilon` from the original (METHODS 4.1)."""

    name: ClassVar[str] = "ifgsm"

    epsilon: float = 0.06
    step: float = 0.001

    def __post_init__(self) -> None:
        Iterated.__post_init__(self)
        check_share("epsilon", self.epsilon)
        check_share("step", self.step)

    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        def step(x: Tensor, gradient: Tensor) -> Tensor:
            return sign_step(x, gradient, scene.picture, self.step, self.epsilon)

        return self.attack(scene, sights, step)


def sign_step(x: Tensor, gradient: Tensor, origin: Tensor, alpha: float | Tensor, epsilon: float | Tensor) -> Tensor:
    """Return clip(x - alpha sign(gradient)) to [0, 1] and to within epsilon of the origin, pixel by pixel."""
    near = (x - alpha * gradient.sign()).clamp(min=origin - epsilon, max=origin + epsilon)
    return near.clamp(0, 1)
