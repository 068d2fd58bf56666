"""I-FGVM: steps of the gradient's size. People still recognise the person, recognisers it was not made for may.

Source: seed 002: x <- clip(x - alpha grad J(x, t)) to [0, 1], with neither a sign nor a bound on the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from visard.methods.adversarial.adversarial import Iterated
from visard.methods.strength import check_above, check_name

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.scene import Scene, Sight

Gradient = Literal["raw", "unit"]


@dataclass(frozen=True, slots=True)
class Ifgvm(Iterated):
    """Step by `step` times the gradient (METHODS 4.1); gradient: its `raw` value, or scaled to `unit` length."""

    name: ClassVar[str] = "ifgvm"

    gradient: Gradient = "raw"
    step: float = 0.5
    steps: int = 120

    def __post_init__(self) -> None:
        Iterated.__post_init__(self)
        check_name("gradient", self.gradient, get_args(Gradient))
        check_above("step", self.step)

    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        return self.attack(scene, sights, lambda x, g: self._step(x, g, scene.picture))

    def _step(self, x: Tensor, gradient: Tensor, origin: Tensor) -> Tensor:
        return value_step(x, scaled(gradient, self.gradient), self.step)


def value_step(x: Tensor, gradient: Tensor, alpha: float) -> Tensor:
    """Return clip(x - alpha gradient) to [0, 1]."""
    return (x - alpha * gradient).clamp(0, 1)


def scaled(gradient: Tensor, how: Gradient) -> Tensor:
    """Return the gradient as it is, or with L2 norm 1."""
    return gradient if how == "raw" else gradient / gradient.norm().clamp(min=1e-12)
