"""Recognisers that the burglar carries: aligned faces in, unit vectors out. RECOGNISERS is the table.

Roles are fixed here and nowhere else. A white box may be used to make a disguise or to train what makes it; a
held-out recogniser is never used for that, so that it can say whether a disguise fools strangers too.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from visard.attack.recognisers.recogniser import Recogniser
from visard.errors import ModelError, UsageError, suggest
from visard.models import store

RECOGNISERS: Mapping[str, str] = {
    "pixels": "visard.attack.recognisers.pixels:Thumbnail",
    "dlib": "visard.attack.recognisers.dlib_resnet:DlibResNet",
    "facenet": "visard.attack.recognisers.facenet:FaceNet",
    "faceres": "visard.attack.recognisers.human:FaceRes",
    "mobileface": "visard.attack.recognisers.human:MobileFace",
}
"""Name -> module and class, as strings, so that a list of names costs no import."""

WHITE_BOX = ("pixels", "dlib", "facenet")
HELD_OUT = ("faceres", "mobileface")


def find_recogniser(name: str) -> type[Recogniser]:
    """Return the class of a recogniser, with its card; raises UsageError with a suggestion for an unknown name."""
    if name not in RECOGNISERS:
        raise UsageError(f"unknown recogniser {name!r}", hint=suggest(name, RECOGNISERS))
    module, _, attribute = RECOGNISERS[name].partition(":")
    recogniser: type[Recogniser] = getattr(importlib.import_module(module), attribute)
    return recogniser


def make(name: str) -> Recogniser:
    """Return the named recogniser, ready to use.

    Raises UsageError for an unknown name, ModelError where its weights or torch are absent.
    """
    recogniser = find_recogniser(name)
    if missing := store.absent(recogniser.card.models):
        raise ModelError(
            f"the recogniser {name} has no weights here", hint=f"run `visard models fetch {' '.join(missing)}`"
        )
    return recogniser()


def available(names: Sequence[str] = tuple(RECOGNISERS)) -> tuple[str, ...]:
    """Return which of the named recognisers can run here: weights present, and torch where they need it."""
    usable = []
    for name in names:
        try:
            make(name)
        except ModelError:
            continue
        usable.append(name)
    return tuple(usable)
