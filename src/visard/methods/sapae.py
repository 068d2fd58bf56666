"""People become an average of others of their sex, age and mouth. Blurred; light and hair stay, and may tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from visard.methods.autoencoder import inputs, redrawn
from visard.models.taught import taught
from visard.types import Form, Goal, Patch, Pixels


@dataclass(frozen=True, slots=True)
class Sapae:
    """Encode the face as others like it, decode (supervised attribute-preserving: Nousi et al. 2020; METHODS 2.4).

    The person alone decides whom they become, whatever the key. weights: a file that `visard train export` made, of the
    supervised or the unsupervised variant; empty for the one that visard ships.
    """

    name: ClassVar[str] = "sapae"
    size: ClassVar[int | None] = 64
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "machines"
    form: ClassVar[Form] = "generate"

    weights: str = ""

    def __post_init__(self) -> None:
        taught(self.name, self.weights)

    def __call__(self, patch: Patch) -> Pixels:
        """Return the square of somebody like the person."""
        return redrawn(taught(self.name, self.weights)(inputs(patch))[0])
