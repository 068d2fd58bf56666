"""Recognisers that the burglar carries: aligned faces in, unit vectors out. RECOGNISERS is the table.

Roles are fixed here and nowhere else. A white box may be used to make a disguise or to train what makes it; a
held-out recogniser is never used for that, so that it can say whether a disguise fools strangers too.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from visard.attack.recognisers.recogniser import Recogniser
from visard.errors import ModelError, UsageError, suggest
from visard.models import store

RECOGNISERS: Mapping[str, str] = {
    "pixels": "visard.attack.recognisers.pixels:Thumbnail",
    "dlib": "visard.attack.recognisers.dlib_resnet:DlibResNet",
    "facenet": "visard.attack.recognisers.facenet:FaceNet",
    "faceres": "visard.attack.recognisers.human:FaceRes",
    "mobileface": "visard.attack.recognisers.human:MobileFace",
    "facenet-vggface2": "visard.attack.recognisers.facenet_vggface2:FaceNetVggFace2",
}
"""Name -> module and class, as strings, so that a list of names costs no import."""

WHITE_BOX = ("pixels", "dlib", "facenet")
HELD_OUT = ("faceres", "mobileface", "facenet-vggface2")
"""So is every ONNX file that the user names: nothing here was made with it."""


def find_recogniser(name: str) -> type[Recogniser]:
    """Return the class of a recogniser, with its card; name: of RECOGNISERS, or the path of an ONNX file.

    Raises UsageError with a suggestion for an unknown name; see `of_file` for what a file raises.
    """
    if name.endswith(".onnx"):
        from visard.attack.recognisers.onnx_file import of_file

        return of_file(Path(name))
    if name not in RECOGNISERS:
        raise UsageError(f"unknown recogniser {name!r}", hint=suggest(name, RECOGNISERS))
    module, _, attribute = RECOGNISERS[name].partition(":")
    recogniser: type[Recogniser] = getattr(importlib.import_module(module), attribute)
    return recogniser


def make(name: str) -> Recogniser:
    """Return the recogniser of a name, or of an ONNX file's path, ready to use.

    Raises UsageError for an unknown name, ModelError where its weights or torch are absent.
    """
    recogniser = find_recogniser(name)
    if missing := store.absent(recogniser.card.models):
        raise ModelError(f"the recogniser {name} has no weights here", hint=store.remedy(missing))
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
