"""What all attacks on recognisers share: their settings, whom they see, and when they have done enough."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np

from visard.detect import find_faces
from visard.errors import ModelError, Unfit, UsageError
from visard.methods.adversarial.objectives import cross_entropy, unlike
from visard.methods.adversarial.others import check_target, vectors
from visard.methods.strength import check_name, check_share, check_words, hidden_side, words
from visard.models import store
from visard.models.runtimes import need_torch, one_thread
from visard.types import Form, Goal, Patch, Pixels, Points

if TYPE_CHECKING:
    from torch import Tensor

    from visard.nets.descent import Step
    from visard.nets.scene import Scene, Sight

NETWORKS = {"dlib": "dlib_resnet", "facenet": "facenet"}
"""White boxes, and their files in the catalogue."""

Aim = Literal["somebody", "away"]
Against = Literal["classifier", "embedding"]

_WAYS = ("jpeg", "resize", "align")

_SMALLEST = 32.0
"""Side in pixels of the hidden part below which a face has no room for a perturbation."""


_SLACK = 0.25
"""By how much more than `strength` asks the person aimed at is unlike: nobody is reached quite."""


@dataclass(frozen=True, slots=True)
class Adversarial(ABC):
    """An attack: changes a face until white boxes take it for somebody else.

    networks: the white boxes, by commas. strength: how far from oneself, 1 is as far as a stranger. through: what the
    result must survive (jpeg, resize, align), by commas; expected over random draws. target: a photo, or a folder of
    photos, of other people; empty for faces of nobody.
    """

    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "perturb"
    name: ClassVar[str]

    networks: str = "dlib"
    strength: float = 0.5
    through: str = "jpeg,align"
    target: str = ""

    def __post_init__(self) -> None:
        check_share("strength", self.strength)
        check_words("networks", self.networks, tuple(NETWORKS), least=1)
        check_words("through", self.through, _WAYS)
        check_target(self.target)
        if find_spec("torch") is None:
            raise ModelError(f"{self.name} needs torch, which is not installed", hint="pip install 'visard[torch]'")
        if missing := store.absent(NETWORKS[name] for name in words(self.networks)):
            raise ModelError(
                f"{self.name} needs weights that are not here", hint=f"run `visard models fetch {' '.join(missing)}`"
            )

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with the perturbation.

        Raises Unfit where there is no face or it is too small, UsageError for nobody else to aim at, ModelError.
        """
        points = _points(patch)
        torch = need_torch(self.name)
        from visard.nets.scene import Scene

        with one_thread(torch):
            scene = Scene(patch.pixels, patch.mask, points, patch.seed)
            return scene.finish(self._perturb(scene, self._sights(scene)))

    def _sights(self, scene: Scene) -> list[Sight]:
        """Return how each white box sees the scene; raises UsageError where all others are the person."""
        from visard.nets.whitebox import white_box

        names = words(self.networks)
        sights = [scene.sight(white_box(n), vectors(n, self.target), vectors(n).mean(dim=0)) for n in names]
        if not self.target:
            return sights
        same = sum((s.others @ s.own >= s.box.same).int() for s in sights)
        assert not isinstance(same, int), "there is a network"
        if bool((same > 0).all()):
            raise UsageError("the person aimed at is the one to be hidden", where=self.target, hint="aim at another")
        return [s.without(same > 0) for s in sights]

    def reached(self, sights: Sequence[Sight], seen: Sequence[Tensor]) -> bool:
        """Return whether every white box is as far from the person as `strength` asks."""
        return all(float(v.detach() @ s.own) <= s.box.goal(self.strength) for s, v in zip(sights, seen, strict=True))

    @abstractmethod
    def _perturb(self, scene: Scene, sights: Sequence[Sight]) -> Tensor:
        """Return the perturbed picture, of the shape of scene.picture."""


@dataclass(frozen=True, slots=True)
class Iterated(Adversarial):
    """An attack that steps along a gradient until it succeeds in what would be saved, and is then drawn back.

    aim: at `somebody`, the most alike of the others, or `away` from oneself. against: a `classifier` of the person and
    the others, or the `embedding` itself. steps: how many, at most.
    """

    aim: Aim = "somebody"
    against: Against = "embedding"
    steps: int = 60

    def __post_init__(self) -> None:
        Adversarial.__post_init__(self)
        check_name("aim", self.aim, get_args(Aim))
        check_name("against", self.against, get_args(Against))
        check_steps(self.steps)

    def attack(self, scene: Scene, sights: Sequence[Sight], step: Step, diversity: float = 0.0) -> Tensor:
        """Return the picture after steps until it does, its change drawn back to the least that still does."""
        from visard.nets.descent import descend, drawn_back

        loss, sure = self.objective(scene, sights, diversity)
        x = descend(self.start(scene), loss, step, self.steps, sure)
        return drawn_back(x, scene.picture, sure)

    def start(self, scene: Scene) -> Tensor:
        """Return where the descent begins: the picture, nudged where the gradient is 0, away from oneself."""
        return scene.nudged() if (self.aim, self.against) == ("away", "embedding") else scene.picture

    def objective(
        self, scene: Scene, sights: Sequence[Sight], diversity: float = 0.0
    ) -> tuple[Callable[[Tensor], tuple[Tensor, bool]], Callable[[Tensor], bool]]:
        """Return what to descend on, and whether x is sure to do."""
        label = 1 + nearest(sights, self.strength)

        def does(seen: Sequence[Tensor]) -> bool:
            if not self.reached(sights, seen):
                return False
            if self.aim == "away" or self.against == "embedding":
                return True
            return all(int(s.logits(v.detach()).argmax()) == label for s, v in zip(sights, seen, strict=True))

        def loss(x: Tensor) -> tuple[Tensor, bool]:
            seen = scene.look(x, sights, words(self.through), diversity)
            losses = [self._loss(s, v, label) for s, v in zip(sights, seen, strict=True)]
            total: Tensor = sum(losses[1:], losses[0]) / len(losses)
            return total, does(seen)

        return loss, lambda x: does(scene.saved(x, sights))

    def _loss(self, sight: Sight, vector: Tensor, label: int) -> Tensor:
        """Return J, which the step descends on: towards the label, or up from the person's own."""
        if self.against == "classifier":
            logits = sight.logits(vector)
            return cross_entropy(logits, label) if self.aim == "somebody" else -cross_entropy(logits, 0)
        if self.aim == "somebody":
            return unlike(vector, sight.others[label - 1]) / sight.box.range
        return -unlike(vector, sight.own) / sight.box.range


def nearest(sights: Sequence[Sight], strength: float) -> int:
    """Return which of the others is most alike and yet as unlike as `strength` asks: the smallest change leads there.

    Where nobody is so unlike for all networks, whoever comes nearest to that.
    """
    # How far beyond the goal each of them lies, in the networks' own units, by the network that likes them most.
    beyond = [(s.box.goal(strength + _SLACK) - s.others @ s.own) / s.box.range for s in sights]
    least = beyond[0]
    for other in beyond[1:]:
        least = least.minimum(other)
    far = least >= 0
    return int((least + 1e3 * ~far).argmin() if bool(far.any()) else least.argmax())


def check_steps(value: object) -> None:
    """Raise UsageError unless value is a number of steps that somebody would wait for."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise UsageError(f"steps is {value!r}", hint="give a whole number, 1 to 10000")


def _points(patch: Patch) -> Points:
    """Return the face's five points; raises Unfit where there is none, or it is too small."""
    if hidden_side(patch.mask) < _SMALLEST:
        raise Unfit("the face is too small to carry a perturbation", hint="choose a method that covers it")
    if patch.points is not None and len(patch.points) == 5 and np.isfinite(patch.points).all():
        return patch.points
    found = find_faces(patch.pixels)
    if not found or found[0].points is None:
        raise Unfit("no face can be made out to perturb", hint="choose a method that covers it")
    return found[0].points
