"""What methods share that give each subject a role: it is chosen once, from its clearest patches, and kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from visard.errors import Unfit
from visard.methods.placed import traced
from visard.shape.landmarks import Vertices
from visard.types import Form, Goal, Patch, Pixels


@dataclass(frozen=True, slots=True)
class Cast(ABC):
    """Exchange a face for another; a role is whatever decides whom its subject becomes."""

    name: ClassVar[str]
    size: ClassVar[int | None] = None
    blind: ClassVar[bool] = True
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "generate"
    around: ClassVar[float] = 0.45
    identities: ClassVar[bool] = True
    spare: ClassVar[int] = 0

    _roles: Mapping[int, Any] | None = field(default=None, init=False, repr=False, compare=False)

    def cast(self, patches: Sequence[Patch]) -> Self:
        """Return the method with a role for each subject (one seed), chosen from its clearest patches."""
        roles = dict(self._roles or {})
        for patch in patches:
            vertices = None if patch.seed in roles else self._vertices(patch)
            role = None if vertices is None else self._role(patch, vertices)
            if role is not None:
                roles[patch.seed] = role
        method = replace(self)
        object.__setattr__(method, "_roles", roles)
        return method

    def fits(self, seed: int) -> bool:
        """Return whether the subject with this seed has a role."""
        return seed in (self._roles or {})

    def __call__(self, patch: Patch) -> Pixels:
        """Return the patch with another face; raises Unfit where none can be made out, or its subject has no role."""
        if self._roles is None:
            return self.cast([patch])(patch)
        vertices = self._vertices(patch)
        if vertices is None or not self.fits(patch.seed):
            raise Unfit("no face can be made out here")
        return self._paint(patch, vertices, self._roles[patch.seed])

    def _vertices(self, patch: Patch) -> Vertices | None:
        """Return the points of the patch's face; None where there is none to speak of."""
        return traced(patch)

    @abstractmethod
    def _role(self, patch: Patch, vertices: Vertices) -> Any | None:
        """Return what the subject of a patch becomes; None where the patch does not tell."""

    @abstractmethod
    def _paint(self, patch: Patch, vertices: Vertices, role: Any) -> Pixels:
        """Return the patch as its role wants it."""
