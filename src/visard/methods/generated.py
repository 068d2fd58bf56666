"""What taught generators share: no run without weights and card, a role for each subject, a square around a face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visard.errors import Unfit
from visard.methods.placed import traced
from visard.methods.scene import moved, surroundings, upright
from visard.models.taught import Taught, taught
from visard.shape.landmarks import Vertices
from visard.shape.marks import front
from visard.shape.mesh import canonical
from visard.shape.similarity import Matrix
from visard.types import Form, Goal, Patch, Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Generated(ABC):
    """Paint a face in the place of another.

    weights: a file that `visard train export` made; empty for the one that visard ships. A subject's role, whatever
    decides whom it becomes, is chosen once, from its clearest patches, and kept.
    """

    name: ClassVar[str]
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    around: ClassVar[float] = 0.45

    weights: str = ""
    _roles: Mapping[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        taught(self.name, self.weights)

    def cast(self, patches: Sequence[Patch]) -> Self:
        """Return the method with a role for each subject (one seed), chosen from its clearest patches."""
        roles = dict(self._roles)
        for patch in patches:
            vertices = traced(patch)
            role = None if vertices is None or patch.seed in roles else self._role(patch, vertices)
            if role is not None:
                roles[patch.seed] = role
        method = replace(self)
        object.__setattr__(method, "_roles", roles)
        return method

    def fits(self, seed: int) -> bool:
        """Return whether the subject with this seed has a role."""
        return seed in self._roles

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another face; raises Unfit where its landmarks are not known."""
        vertices, roles = traced(patch), (self if self._roles else self.cast([patch]))._roles
        if vertices is None or patch.seed not in roles:
            raise Unfit("no face was traced here")
        return self._paint(patch, vertices, roles[patch.seed])

    @property
    def _net(self) -> Taught:
        return taught(self.name, self.weights)

    @abstractmethod
    def _role(self, patch: Patch, vertices: Vertices) -> Any | None:
        """Return what the subject of a patch becomes; None where the patch does not tell."""

    @abstractmethod
    def _paint(self, patch: Patch, vertices: Vertices, role: Any) -> Pixels:
        """Return the patch as its role wants it."""


def masked(patch: Patch, vertices: Vertices, side: int) -> tuple[Floats, Vertices, Matrix]:
    """Return (3, side, side) what lies around a face, -1 to 1 and 0 where it is hidden; its vertices there; the way.

    Hidden is what the mask hides, and the front of the face, whatever the mask says.
    """
    to_square = upright(canonical().fit_pose(vertices), patch.mask, side)
    there = moved(vertices, to_square)
    filled, known = surroundings(patch.pixels, patch.mask, to_square, side)
    return veiled(filled, known * (1 - front(there, side))), there, to_square


def veiled(colour: Floats, known: Floats) -> Floats:
    """Return (3, S, S) colours, -1 to 1, of (S, S, 3), 0 to 255, where (S, S) is 1, else 0."""
    return np.ascontiguousarray(((colour / np.float32(127.5) - 1) * known[..., None]).transpose(2, 0, 1), np.float32)


def shown(square: Floats) -> Floats:
    """Return (S, S, 3), 0 to 255, of (3, S, S), -1 to 1."""
    return np.ascontiguousarray((square.transpose(1, 2, 0) + 1) * np.float32(127.5))
