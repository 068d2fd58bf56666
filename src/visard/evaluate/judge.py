"""The judge at work: every method on the same pictures, measured group by group, and kept as it goes."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.context import blank, mask_faces
from visard.attack.looks import Look, faces, main_face, see_hidden
from visard.attack.recognisers import make
from visard.attack.restore import Deblur
from visard.attack.score import Score, absent
from visard.errors import SourceError, TargetError, UsageError
from visard.evaluate.cost import cost
from visard.evaluate.hiding import hide_alone
from visard.evaluate.people import Picture
from visard.evaluate.pictures import looked_at
from visard.evaluate.privacy import recognised
from visard.hider import Hider
from visard.methods import make as make_method
from visard.policy import Policy, Rule
from visard.shape.mask import outline
from visard.types import Frame, Mask, Pixels, Prepared, Region

CLEAR, CONTEXT, MASKED = "clear (ceiling)", "grey hull (context)", "grey face (floor)"
"""What stands in every table beside the methods: nothing hidden, nothing left within the policy's outline, and
nothing left of the face itself while hair, ears and jaw are in sight."""

PICTURES, COST = "pictures", "cost"
"""The groups of measures that no recogniser is needed for."""

_MEASURES = "2"
"""Part of what results belong to: other measures, other results."""

_AROUND = 0.5
"""Shares of a face's box that are shown around it."""

Seen = Callable[[str, str, int, int], None]
"""Called with the method, the group, the pictures done and the pictures in all."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one group of measures gave for one method. setup: a digest of the pictures and their number."""

    setup: str
    method: str
    group: str
    scores: tuple[Score, ...]


def is_attack(result: Result) -> bool:
    """Return whether a result is a recogniser's."""
    return result.group not in (PICTURES, COST)


class Judge:
    """Pictures with a face in each, ready to be hidden and attacked.

    Raises UsageError where fewer than two people have two pictures with a face.
    """

    def __init__(self, pictures: Sequence[Picture], keep: Keep = forget, seen: Seen = lambda *_: None) -> None:
        self.keep, self._seen = keep, seen
        found = list(self._search(pictures))
        self.pictures = [picture for picture, regions in found if regions]
        self._regions = [regions for _, regions in found if regions]
        self.faceless = len(pictures) - len(self.pictures)
        if not self.pictures:
            raise UsageError(f"no face in any of {len(pictures)} pictures", hint="give pictures of people's faces")
        digest = hashlib.sha256(_MEASURES.encode())
        for picture in self.pictures:
            digest.update(f"{picture.person} {picture.pixels.shape}".encode() + picture.pixels.tobytes())
        self.setup = digest.hexdigest()[:16]

    @property
    def people(self) -> int:
        """How many people the pictures show."""
        return len({picture.person for picture in self.pictures})

    def measure(self, method: str, groups: Sequence[str]) -> Iterator[Result]:
        """Yield the results of each group: `pictures`, `cost`, or a recogniser's name.

        method: CLEAR, CONTEXT, MASKED, or NAME[:KEY=VALUE...]. Raises UsageError for unknown names, ModelError where a
        group's model is absent.
        """
        policy, looks = _policy(method), self.looks(method) if set(groups) - {COST} else []
        for number, group in enumerate(groups):
            self._seen(method, group, number, len(groups))
            if group == PICTURES:
                masks = [self._mask(p.pixels, r, policy) for p, r in zip(self.pictures, self._regions, strict=True)]
                scores = looked_at(looks, masks, self.keep)
            elif group == COST:
                scores = self._cost(method, policy)
            else:
                scores = recognised(looks, make(group), self.keep)
            yield Result(self.setup, method, group, scores)

    def looks(self, method: str, deblur: Deblur | None = None) -> list[Look]:
        """Return every picture before and after a method; see `measure` for its names and what raises.

        deblur: what the attacker does to blurred regions before anything else.
        """
        policy, looks = _policy(method), []
        for number, (picture, regions) in enumerate(zip(self.pictures, self._regions, strict=True)):
            self._seen(method, "hide", number, len(self.pictures))
            frame, main = self._hidden(method, picture, regions, policy, deblur), main_face(regions, picture.pixels)
            assert main is not None, "pictures without a face were left out"
            looks.append(see_hidden(picture.person, picture.pixels, frame.pixels, main, self.keep))
        return looks

    def shown(self, method: str, people: int) -> list[Pixels]:
        """Return the first hidden face of each of the first people, as a picture of its surroundings.

        method: CONTEXT, MASKED, or as `measure` takes it; CLEAR is refused, because a page shows nobody's face.
        """
        assert method != CLEAR, "what is clear is never shown"
        policy, first = _policy(method), {p.person: i for i, p in reversed(list(enumerate(self.pictures)))}
        faces = []
        for index in list(first.values())[::-1][:people]:
            picture, regions = self.pictures[index], self._regions[index]
            main = main_face(regions, picture.pixels)
            assert main is not None, "pictures without a face were left out"
            hidden = self._hidden(method, picture, regions, policy, None).pixels
            faces.append(hidden[main.box.grow(_AROUND).cells(*hidden.shape[:2])])
        return faces

    def _hidden(
        self, method: str, picture: Picture, regions: Sequence[Region], policy: Policy, deblur: Deblur | None
    ) -> Frame:
        if method == CLEAR:
            return Frame(picture.pixels)
        if method in (CONTEXT, MASKED):
            return (blank if method == CONTEXT else mask_faces)(Frame(picture.pixels), regions, policy)
        return hide_alone(picture, regions, policy, deblur)

    def _search(self, pictures: Sequence[Picture]) -> Iterator[tuple[Picture, list[Region]]]:
        for number, picture in enumerate(pictures):
            self._seen("", "find", number, len(pictures))
            found = faces(picture.pixels, "fine", self.keep)
            yield picture, [replace(region, track=track) for track, region in enumerate(found)]

    def _cost(self, method: str, policy: Policy) -> tuple[Score, ...]:
        if method in (CLEAR, CONTEXT, MASKED):
            return tuple(absent(name, "not a method") for name in ("ms a face", "memory"))
        return cost(self.pictures, self._regions, policy)

    def _mask(self, pixels: Pixels, regions: Sequence[Region], policy: Policy) -> Mask:
        cells = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
        whole: Mask = np.zeros(pixels.shape[:2], np.float32)
        for region in regions:
            whole = np.maximum(whole, outline(region, policy.rules[region.kind], cells))
        return whole


def _policy(method: str) -> Policy:
    return Policy() if method in (CLEAR, CONTEXT, MASKED) else described(method)


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
    if isinstance(make_method(name), Prepared):
        what = f"{name!r} hides whole folders of people, and cannot be measured picture by picture"
        raise UsageError(what, hint="hide the folder, and give both folders to `visard attack`")
    Hider(policy)  # refuses unknown names and settings before anything is measured
    return policy


def load_results(file: Path) -> list[Result]:
    """Return the results of a file, one a line; none where it does not exist. Raises SourceError for a broken one."""
    if not file.exists():
        return []
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [Result(**{**row, "scores": tuple(Score(**score) for score in row["scores"])}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError("not a file of results", where=file, hint="move it away to begin anew") from error


def add_result(file: Path, result: Result) -> None:
    """Append one line to a file of results, making its folder; raises TargetError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(result)) + "\n")
    except OSError as error:
        raise TargetError(f"cannot write: {error.strerror}", where=file, hint="choose another --out") from error
