"""What a method is that a password decides: told a secret, it hides; turned round, it brings back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

from visard.methods import find_method
from visard.policy import Policy
from visard.types import Casting


@runtime_checkable
class Keyed(Casting, Protocol):
    """A method whose results a secret decides; until it is told one, hiding raises UsageError."""

    @property
    def network(self) -> str:
        """Return the sha256 of its network's file: another network does not bring back what this one hid."""
        ...

    def keyed(self, secret: bytes) -> Self:
        """Return the method with a secret of 32 bytes."""
        ...

    def backwards(self, factors: Mapping[str, str]) -> Self:
        """Return the method that brings back; factors: what is known of the people beside the secret."""
        ...


def needs_password(policy: Policy) -> str:
    """Return the name of a policy's method that a password decides; empty where there is none."""
    names = (rule.method for rule in policy.rules.values())
    # Asked of the class, which need not be made: its weights may be missing, which is another failure.
    return next((name for name in names if hasattr(find_method(name), "keyed")), "")
