"""Room 5, HIDE: patch in, pixels out; one method a file. METHODS, in roster.py, is the table."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from typing import Any

from visard.errors import ModelError, UsageError, suggest
from visard.roster import METHODS as METHODS
from visard.roster import refuse_unknown
from visard.types import Casting, Deidentifier, Kind, Prepared

FILES = ("bank", "target", "weights")
"""Settings that name files of whoever runs visard: nobody else may choose them."""


def find_method(name: str) -> type[Deidentifier]:
    """Return the class of a method; raises UsageError with a suggestion for an unknown name."""
    refuse_unknown(name)
    module, _, attribute = METHODS[name].partition(":")
    method: type[Deidentifier] = getattr(importlib.import_module(module), attribute)
    return method


def make(name: str, settings: Mapping[str, Any] | None = None) -> Deidentifier:
    """Return the named method with the given settings.

    Raises UsageError for an unknown method, an unknown setting, or a value that its method refuses.
    """
    method = find_method(name)
    chosen = dict(settings or {})
    known = defaults(name)
    for key in chosen:
        if key not in known:
            hint = suggest(key, known) if known else "it has no settings"
            raise UsageError(f"method {name!r} has no setting {key!r}", hint=hint)
    return method(**chosen)


def runs(name: str) -> bool:
    """Return whether the named method has all that it needs: some wait for weights that nobody has taught yet."""
    try:
        make(name)
    except ModelError:
        return False
    return True


def refuse_misfit(method: Deidentifier, kind: Kind, kinds: Collection[Kind]) -> None:
    """Raise UsageError where a method cannot hide that kind, or not without another one of those that are hidden.

    What works on an aligned square, or chooses among people, is made for faces; others say in `kinds` what for.
    """
    faces_only = method.size is not None or isinstance(method, Casting | Prepared)
    if kind not in getattr(method, "kinds", ("face",) if faces_only else (kind,)):
        raise UsageError(f"method {method.name!r} does not hide a {kind}", hint="choose fill, blur or pixelate for it")
    if kind == "person" and getattr(method, "leaves_faces", False) and not {"face", "head"} & set(kinds):
        raise UsageError(f"method {method.name!r} leaves faces as they are", hint="hide faces or heads as well")


def has_identities(method: Deidentifier) -> bool:
    """Return whether a method gives subjects one of several identities, so that there can be variants of its result."""
    return bool(getattr(method, "identities", False))


def fits(name: str, kind: Kind) -> bool:
    """Return whether the named method can hide a kind; raises UsageError for an unknown name."""
    method = find_method(name)
    try:
        # Not made: weights of one's own, without which some cannot be, are named in settings that nobody knows here.
        refuse_misfit(object.__new__(method), kind, ("face", "head", "person"))
    except UsageError:
        return False
    return True


def defaults(name: str) -> dict[str, Any]:
    """Return the settings of a method with their default values."""
    described = fields(find_method(name))  # type: ignore[arg-type]  # methods are dataclasses, tested
    return {f.name: f.default for f in described if f.init and f.default is not MISSING}
