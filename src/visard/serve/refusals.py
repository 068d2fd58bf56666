"""What the service says no with: a status, what is wrong and what to do, in words of the page."""

from __future__ import annotations

import re
from typing import Any

from visard.errors import VisardError

_OPTION = re.compile(r"--([a-z][a-z-]*)")


class Refused(VisardError):
    """A request that is not granted; status: of HTTP."""

    def __init__(self, status: int, what: str, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.status = status


def absent(what: str) -> Refused:
    """Return the refusal for something that is not there, or not any more."""
    return Refused(404, f"this {what} does not exist, or was deleted", "go back to the list of jobs")


def in_words(error: VisardError) -> dict[str, Any]:
    """Return what is wrong and what to do, without paths, and without the options of the command line."""
    return {"what": _plain(error.what), "hint": _plain(error.hint)}


def _plain(text: str) -> str:
    return _OPTION.sub(lambda option: option[1].replace("-", " "), text)
