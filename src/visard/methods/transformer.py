"""The face identity transformer: one network hides under 16 bits of a password and shows under their complement.

Sixteen bits are 65,536 passwords, which anybody can try: bench/unlock.py does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from visard.methods.factors import Factors
from visard.methods.learned import Learned
from visard.shape.landmarks import Vertices
from visard.types import Patch


@dataclass(frozen=True, slots=True)
class Transformer(Learned):
    """Hide under a password's bits, and come back by their complement (Gu et al. 2020; METHODS 8.1)."""

    name: ClassVar[str] = "transformer"

    def _role(self, patch: Patch, vertices: Vertices) -> Factors:
        # The network is told bits alone; any words will do.
        return Factors("female", "young", "dark")
