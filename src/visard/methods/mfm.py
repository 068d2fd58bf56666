"""Multi-factor: the look of a donor whom a password picks, and the way back for who knows it; SDN's simpler sibling.

Its password keeps no secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from visard.methods.learned import Described


@dataclass(frozen=True, slots=True)
class Mfm(Described):
    """Hide under a password and factors, and come back by both (Pan, Chen and Wu 2021; METHODS 8.2)."""

    name: ClassVar[str] = "mfm"
