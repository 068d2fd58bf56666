"""What to do about a result that failed its checks."""

from __future__ import annotations

from collections.abc import Sequence

from visard.hider import Hider
from visard.types import Check, Prepared


def remedy(hider: Hider, checks: Sequence[Check]) -> str:
    """Return the hint for checks of which some failed."""
    failed = {check.name for check in checks if not check.passed}
    if "seen_through" in failed:
        return "somebody is drawn in its transparency: save it without any"
    if failed <= {"frames_lost", "untouched", "tags"}:
        return "it was written wrongly: try again"
    if any(isinstance(method, Prepared) for method in hider.methods.values()):
        return "raise --k, or use --method fill"
    blind = all(method.blind for method in hider.methods.values())
    return "raise --margin" if blind else "raise --strength, or use --method fill"
