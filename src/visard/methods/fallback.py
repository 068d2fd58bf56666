"""What hides those on whom a rule's own method fails."""

from __future__ import annotations

from visard.errors import UsageError
from visard.methods import claims, defaults, make
from visard.policy import Rule
from visard.types import Casting, Deidentifier, Prepared, Removing


def fallback_of(rule: Rule) -> Deidentifier:
    """Return the method for regions on which a rule's own fails; raises UsageError where that can fail, too."""
    own = make(rule.method, rule.settings)
    if claims.removes(own):
        return own.softer()
    method = make(rule.fallback, {"strength": 1.0} if "strength" in defaults(rule.fallback) else {})
    if isinstance(method, Casting | Prepared | Removing):
        raise UsageError(f"{rule.fallback!r} cannot be a fallback", hint="choose a method that hides every region")
    return method
