"""visard: replaces the identity of people in pictures and videos, and proves that it did.

import visard
run = visard.hide(["photo.jpg"], "out")          # writes out/photo.jpg, out/report.json and .html
found = visard.find("clip.mp4")                  # regions by frame, each with its track
checks = visard.check("photo.jpg", "out/photo.jpg")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = {
    "hide": "verbs",
    "find": "verbs",
    "check": "verbs",
    "Policy": "policy",
    "Rule": "policy",
    "load_policy": "policy",
    "Box": "types",
    "Check": "types",
    "Frame": "types",
    "Patch": "types",
    "Region": "types",
    "Report": "types",
    "METHODS": "methods",
    "VisardError": "errors",
}

__all__ = [*_ROOMS, "__version__"]

if TYPE_CHECKING:
    from visard.errors import VisardError as VisardError
    from visard.methods import METHODS as METHODS
    from visard.policy import Policy as Policy
    from visard.policy import Rule as Rule
    from visard.policy import load_policy as load_policy
    from visard.types import Box as Box
    from visard.types import Check as Check
    from visard.types import Frame as Frame
    from visard.types import Patch as Patch
    from visard.types import Region as Region
    from visard.types import Report as Report
    from visard.verbs import check as check
    from visard.verbs import find as find
    from visard.verbs import hide as hide


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'visard' has no attribute {name!r}")
    return getattr(importlib.import_module(f"visard.{_ROOMS[name]}"), name)
