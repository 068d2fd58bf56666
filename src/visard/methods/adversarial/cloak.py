"""A cloak for several networks at once. People still recognise the person, new recognisers may; it does not last.

After Fawkes (Shan et al. 2020) and LowKey (Cherepanova et al. 2021), as METHODS 4.3 reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from visard.methods.adversarial.adversarial import Adversarial, check_steps, nearest
from visard.methods.adversarial.objectives import unlike
from visard.methods.strength import check_share, words

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.scene import Scene, Sight

_BOUND = 0.1
"""Change of a pixel at most."""

_RATE = 0.08
"""Step of Adam in the space of w, where the change is _BOUND tanh(w)."""

_COLOUR = 0.35
"""Share of a change of colour that is kept, beside one of light: patches of colour are what viewers see first."""

_DEAR = 60.0
"""Weight of structural similarity beyond the budget, beside cosines in the networks' own units."""

_DIVERSITY = 0.5


@dataclass(frozen=True, slots=True)
class Cloak(Adversarial):
    """Push all networks' features from the person's and to another's, within a budget of visible change.

    strength: how unlike the person is at whom it aims. similarity: the structural similarity (SSIM) of the hidden part
    that is kept. steps: how many.
    """

    name: ClassVar[str] = "cloak"

    networks: str = "dlib,facenet"
    strength: float = 0.5
    through: str = "jpeg,resize,align"
    similarity: float = 0.95
    steps: int = 48

    def __post_init__(self) -> None:
        Adversarial.__post_init__(self)
        check_share("similarity", self.similarity)
        check_steps(self.steps)

    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        from visard.nets.descent import minimise
        from visard.nets.ssim import ssim

        place = nearest(sights, self.strength)

        def loss(x: Tensor) -> Tensor:
            seen = scene.look(x, sights, words(self.through), _DIVERSITY)
            away = [
                (unlike(v, s.others[place]) - 0.5 * unlike(v, s.own)) / s.box.range
                for s, v in zip(sights, seen, strict=True)
            ]
            beyond = self.similarity - ssim(scene.pasted(x), scene.picture, scene.mask)
            return sum(away[1:], away[0]) / len(away) + _DEAR * beyond.clamp(min=0)

        def picture(w: Tensor) -> Tensor:
            change = _BOUND * w.tanh()
            light = change.mean(dim=1, keepdim=True)
            return (scene.picture + light + _COLOUR * (change - light)).clamp(0, 1)

        x = minimise(loss, picture, scene.picture, self.steps, _RATE)
        return scene.within(x, self.similarity)
