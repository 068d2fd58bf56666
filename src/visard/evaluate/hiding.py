"""Pictures hidden as `visard hide` does it, without the doubting room: each as a file of its own, or in groups."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from typing import Any

from visard.attack.restore import Deblur, restore
from visard.errors import UsageError
from visard.evaluate.people import Picture
from visard.found import Found
from visard.gallery import Gallery
from visard.hider import Hider
from visard.methods import make
from visard.policy import Policy, Rule
from visard.shape.align import cut
from visard.shape.square import align, alignment
from visard.tracing import trace
from visard.types import Frame, Patch, Prepared, Region


def hide_alone(picture: Picture, regions: Sequence[Region], policy: Policy, deblur: Deblur | None = None) -> Frame:
    """Return the picture hidden; roles and seeds are not shared with other pictures.

    deblur: what an attacker does to blurred regions afterwards.
    """
    hider, found = ready(picture, regions, policy)
    hidden = hider(Frame(picture.pixels), found.at(0))
    return hidden if deblur is None else restore(hidden, found.at(0), hider, deblur)


def ready(picture: Picture, regions: Sequence[Region], policy: Policy) -> tuple[Hider, Found]:
    """Return what hides a picture, its roles cast, and its regions with their meshes.

    Where a password decides, every picture has another one.
    """
    frame = Frame(picture.pixels)
    digest = hashlib.sha256(picture.pixels.tobytes())
    hider = Hider(policy, source=digest.hexdigest(), secret=digest.digest())
    return hider, trace(lambda: iter([frame]), Found({0: tuple(regions)}), hider, still=True)


def in_groups(policy: Policy) -> bool:
    """Return whether a policy's method for faces must know everybody before it hides anybody."""
    rule = policy.rules["face"]
    return isinstance(make(rule.method, rule.settings), Prepared)


def hide_group(pictures: Sequence[Picture], faces: Sequence[Region], policy: Policy) -> list[Frame]:
    """Return pictures of as many people, one each, hidden as one release; of each, the given face alone is hidden.

    Nobody is asked whether two of them are one person, because that is known. Raises UsageError for too few people
    or a face that is too small.
    """
    rule = policy.rules["face"]
    method = make(rule.method, rule.settings)
    assert isinstance(method, Prepared), "only those hide in groups"
    patches = [_square(p, face, policy, method.size or 0) for p, face in zip(pictures, faces, strict=True)]
    hider = Hider(policy, Gallery({"face": method.prepare(patches)}))
    return [hider(Frame(p.pixels), [face]) for p, face in zip(pictures, faces, strict=True)]


def _square(picture: Picture, face: Region, policy: Policy, size: int) -> Patch:
    window = cut(Frame(picture.pixels), face, policy.rules["face"], policy.disguise(face.kind, face.track))
    if window is None:
        raise UsageError("a face is too small to be hidden in a group", where=picture.name, hint="leave it out")
    return align(window, alignment(window, size), size)


def described(method: str) -> Policy:
    """Return the policy of NAME[:KEY=VALUE...] with values as in TOML; raises UsageError."""
    name, *pairs = method.split(":")
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"setting {pair!r} of {name!r} is not KEY=VALUE", hint="write blur:strength=0.3")
        try:
            settings[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key] = value
    policy = Policy({"face": Rule(method=name, settings=settings)})
    Hider(policy)  # refuses unknown names and settings before anything is measured
    return policy
