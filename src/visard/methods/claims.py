"""What a method's type lets it do: asked for every region of every frame, and so looked up once a type."""

from __future__ import annotations

from typing import TypeGuard

from visard.types import Casting, Deidentifier, Removing

_KNOWN: dict[tuple[type, type], bool] = {}


def casts(method: Deidentifier) -> TypeGuard[Casting]:
    """Return whether a method chooses a role for each subject."""
    return _fits(method, Casting)


def removes(method: Deidentifier) -> TypeGuard[Removing]:
    """Return whether a method takes people out of the picture."""
    return _fits(method, Removing)


def _fits(method: Deidentifier, protocol: type) -> bool:
    # Python 3.11 walks through all attributes of a protocol, which takes 0.2 ms; a crowd has hundreds of regions a
    # second, and each is asked several times.
    key = type(method), protocol
    if key not in _KNOWN:
        _KNOWN[key] = isinstance(method, protocol)
    return _KNOWN[key]
