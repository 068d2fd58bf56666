"""MI-FGSM: made for networks it has not seen, most of which it misses. People still recognise the person.

Momentum, input diversity and translation, each of which may be 0 (Dong et al. 2018, Xie et al. 2019, Dong et al. 2019).
Steps are large where the picture is busy, and small where it is even and they would be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from visard.errors import UsageError
from visard.methods.adversarial.ifgsm import Ifgsm, sign_step
from visard.methods.strength import check_weight

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.scene import Scene, Sight

_LARGEST = 63

_MOST = 2.0
"""Times the step and epsilon that a pixel is given at most: beyond, edges are strewn with coloured specks."""


@dataclass(frozen=True, slots=True)
class Mifgsm(Ifgsm):
    """I-FGSM along gathered gradients (METHODS 4.2).

    momentum: what is kept of earlier ones. diversity: chance that a network sees the face shrunk and shifted.
    translation: side in pixels of the Gaussian that smooths gradients. texture: to what power of the picture's own
    variation around a pixel its `step` and `epsilon` grow, to twice themselves at most; at 0 all pixels have the same.
    """

    name: ClassVar[str] = "mifgsm"

    steps: int = 100
    epsilon: float = 0.04
    momentum: float = 0.5
    diversity: float = 0.5
    translation: int = 7
    texture: float = 1.0

    def __post_init__(self) -> None:
        Ifgsm.__post_init__(self)
        check_weight("momentum", self.momentum)
        check_weight("diversity", self.diversity, most=1.0)
        check_weight("texture", self.texture, most=1.0)
        odd = isinstance(self.translation, int) and self.translation % 2 == 1 and 0 < self.translation <= _LARGEST
        if isinstance(self.translation, bool) or not (odd or self.translation == 0):
            raise UsageError(f"translation is {self.translation!r}", hint=f"give an odd number up to {_LARGEST}, or 0")

    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        from visard.nets.transfer import chained, momentum, translated

        share = (scene.room() ** self.texture).clamp(max=_MOST)
        changes = [translated(self.translation)] if self.translation else []
        change = chained(*changes, momentum(self.momentum))

        def step(x: Tensor, gradient: Tensor) -> Tensor:
            return sign_step(x, change(gradient), scene.picture, self.step * share, self.epsilon * share)

        return self.attack(scene, sights, step, self.diversity)
