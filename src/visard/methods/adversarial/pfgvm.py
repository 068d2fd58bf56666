"""P-FGVM: the least visible change. People still recognise the person, recognisers it was not made for may.

I-FGVM that is drawn back to the original.

Source: Chatzikyriakidis, Papaioannidis and Pitas 2019, as METHODS 4.1 reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from visard.methods.adversarial.ifgvm import Ifgvm, scaled, value_step
from visard.methods.strength import check_weight

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Pfgvm(Ifgvm):
    """Descend on J + (penalty / 2) ||x - original||^2; a penalty of 0 is `ifgvm` to the bit."""

    name: ClassVar[str] = "pfgvm"

    penalty: float = 0.01

    def __post_init__(self) -> None:
        Ifgvm.__post_init__(self)
        check_weight("penalty", self.penalty)

    def _step(self, x: Tensor, gradient: Tensor, origin: Tensor) -> Tensor:
        return penalised_step(x, scaled(gradient, self.gradient), origin, self.step, self.penalty)


def penalised_step(x: Tensor, gradient: Tensor, origin: Tensor, alpha: float, penalty: float) -> Tensor:
    """Return clip(x - alpha (gradient + penalty (x - origin))) to [0, 1]."""
    return value_step(x, gradient + penalty * (x - origin), alpha)
