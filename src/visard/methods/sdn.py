"""The Secure Dual Network: a plausible person for each password, and the way back for who knows it and the person.

A re-implementation of the mechanism that seed 003 describes. It sees what it hides, and hides it as well as it was
taught to; its password keeps no secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from visard.methods.learned import Described


@dataclass(frozen=True, slots=True)
class Sdn(Described):
    """Hide under a password and factors, and come back by both (Pan, Chen and Wu 2024; METHODS 8.3)."""

    name: ClassVar[str] = "sdn"
