"""The judge at work: every method on the same pictures, measured group by group, and kept as it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from visard.attack.cache import Keep, forget
from visard.attack.context import blank, mask_faces
from visard.attack.evidence import number
from visard.attack.looks import Look, faces, known, main_face, see_hidden
from visard.attack.recognisers.human import MobileFace
from visard.attack.recognisers.recogniser import Recogniser
from visard.attack.restore import Deblur, wiener
from visard.attack.score import Score, absent
from visard.attack.tuned import TUNED, tuned
from visard.errors import UsageError
from visard.evaluate.cost import NAMES as SPENT
from visard.evaluate.cost import cost
from visard.evaluate.hiding import described, hide_alone, hide_group, in_groups
from visard.evaluate.people import Picture
from visard.evaluate.pictures import leaks, looked_at
from visard.evaluate.privacy import recognised
from visard.evaluate.recovery import NAMES as RECOVERED
from visard.evaluate.recovery import recovery
from visard.evaluate.results import (
    AFTER,
    CLEAR,
    CONTEXT,
    COST,
    MASKED,
    NO_RECOGNISER,
    PICTURES,
    RECOVERY,
    REFERENCES,
    Result,
)  # fmt: skip
from visard.flow import side_by_side
from visard.methods import make as make_method
from visard.methods.blur import Blur
from visard.policy import Policy
from visard.shape.mask import outline
from visard.types import Frame, Mask, Pixels, Region

_WIENER, _U_NET = "Wiener", "U-Net"

_STEPS = 150
"""Of training the U-Net."""

_ALONE = "no method that hides a picture on its own"

_MEASURES = "3"
"""Part of what results belong to: other measures, other results."""

_AROUND = 0.5
"""Shares of a face's box that are shown around it."""

Seen = Callable[[str, str, int, int], None]
"""Called with the method, the group, the pictures done and the pictures in all."""


class Judge:
    """Pictures with a face in each, ready to be hidden and attacked.

    Raises UsageError where fewer than two people have two pictures with a face.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        keep: Keep = forget,
        seen: Seen = lambda *_: None,
        recognisers: Sequence[Recogniser] = (),
        learners: Judge | None = None,
    ) -> None:
        """learners: pictures of other people, from which an attacker learns to undo a method; needs torch."""
        self.keep, self._seen, self._learners = keep, seen, learners
        self._recognisers = {recogniser.name: recogniser for recogniser in recognisers}
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

    def groups(self, method: str) -> list[str]:
        """Return the groups of measures for a method: `pictures`, `cost`, `recovery`, and each recogniser's name.

        Where something of the face may be brought back, each recogniser is asked again after that was tried: a
        blur's deconvolution, and what a U-Net learnt from the other people. MobileFace is also trained further.
        """
        undone = [] if method in REFERENCES else self._undone(described(method))
        names = list(self._recognisers)
        learnt = [TUNED] if MobileFace.name in names else []
        return [*NO_RECOGNISER, *names, *learnt, *(f"{name}{AFTER}{how}" for how in undone for name in names)]

    def measure(self, method: str, groups: Sequence[str]) -> Iterator[Result]:
        """Yield the results of some of a method's groups.

        method: CLEAR, CONTEXT, MASKED, or NAME[:KEY=VALUE...]. Raises UsageError for unknown names, ModelError where a
        group's model is absent.
        """
        policy, order = _policy(method), {group: place for place, group in enumerate(groups)}

        def measured(group: str, looks: Sequence[Look] = ()) -> Result:
            self._seen(method, group, order[group], len(groups))
            return Result(self.setup, method, group, self._scores(method, group, policy, looks))

        if COST in groups:
            yield measured(COST)  # alone, because it is timed
        asked: dict[str, list[str]] = {}
        for group in groups:
            if group != COST:
                asked.setdefault(group.partition(AFTER)[2], []).append(group)
        plain = cache(partial(self.looks, method))
        with ThreadPoolExecutor(1, thread_name_prefix="visard-learn") as learning:
            # An attacker learns on one core meanwhile.
            nets = {how: learning.submit(self._learnt, method) for how in asked if how not in ("", _WIENER)}
            for how, own in asked.items():
                looks = self.looks(method, wiener) if how == _WIENER else plain()
                looks = self._restored(looks, nets[how].result()) if how in nets else looks
                # Most of the work is that of different networks, which do not wait for each other.
                yield from side_by_side(partial(measured, looks=looks), own)

    def _scores(self, method: str, group: str, policy: Policy, looks: Sequence[Look]) -> tuple[Score, ...]:
        if group == PICTURES and method in (CONTEXT, MASKED):
            return leaks(looks, self.keep)  # how good a grey hull looks, nobody asks
        if group == PICTURES:
            masks = [self._mask(p.pixels, r, policy) for p, r in zip(self.pictures, self._regions, strict=True)]
            return looked_at(looks, masks, self.keep)
        if group == COST:
            return self._cost(method, policy)
        if group == RECOVERY:
            return self._recovery(method, policy)
        if group == TUNED:
            return (tuned(looks, partial(self._seen, method, TUNED)),)
        return recognised(looks, self._recognisers[group.partition(AFTER)[0]], self.keep)

    def looks(self, method: str, deblur: Deblur | None = None, again: bool = True) -> list[Look]:
        """Return every picture before and after a method; see `measure` for its names and what raises.

        deblur: what the attacker does to blurred regions before anything else. again: whether the face is looked for
        in the hidden picture.
        """

        def look(numbered: tuple[int, Frame | None]) -> Look:
            index, frame = numbered
            frame = frame or self._hide_alone(method, index, deblur)
            picture, main = self.pictures[index], self._main(index)
            see = partial(see_hidden, keep=self.keep) if again else known
            return see(picture.person, picture.pixels, frame.pixels, main)

        looks: list[Look] = []
        for each in side_by_side(look, self._released(method, range(len(self.pictures)))):
            self._seen(method, "hide", len(looks), len(self.pictures))
            looks.append(each)
        return looks

    def shown(self, method: str, people: int) -> list[Pixels]:
        """Return the first hidden face of each of the first people, as a picture of its surroundings.

        method: CONTEXT, MASKED, or as `measure` takes it; CLEAR is refused, because a page shows nobody's face.
        """
        assert method != CLEAR, "what is clear is never shown"
        first = list({p.person: i for i, p in reversed(list(enumerate(self.pictures)))}.values())[::-1][:people]
        hidden = ((index, frame or self._hide_alone(method, index)) for index, frame in self._released(method, first))
        return [
            frame.pixels[self._main(index).box.grow(_AROUND).cells(*frame.pixels.shape[:2])] for index, frame in hidden
        ]

    def _released(self, method: str, wanted: Sequence[int]) -> Iterator[tuple[int, Frame | None]]:
        """Yield the numbers of pictures with what a method that hides in groups made of them, None for any other."""
        policy, released = _policy(method), dict[int, Frame]()
        grouped = method not in REFERENCES and in_groups(policy)
        for index in wanted:
            if grouped and index not in released:
                released |= self._release(index, policy)
            yield index, released.get(index)

    def _hide_alone(self, method: str, index: int, deblur: Deblur | None = None) -> Frame:
        picture, regions, policy = self.pictures[index], self._regions[index], _policy(method)
        if method == CLEAR:
            return Frame(picture.pixels)
        if method in REFERENCES:
            return (blank if method == CONTEXT else mask_faces)(Frame(picture.pixels), regions, policy)
        return hide_alone(picture, regions, policy, deblur)

    def _release(self, index: int, policy: Policy) -> dict[int, Frame]:
        """Return the hidden pictures that are published together with one: everybody's picture of its number."""
        _, shots = number([picture.person for picture in self.pictures])
        members = np.flatnonzero(shots == shots[index]).tolist()
        frames = hide_group([self.pictures[i] for i in members], [self._main(i) for i in members], policy)
        return dict(zip(members, frames, strict=True))

    def _main(self, index: int) -> Region:
        main = main_face(self._regions[index], self.pictures[index].pixels)
        assert main is not None, "pictures without a face were left out"
        return main

    def _search(self, pictures: Sequence[Picture]) -> Iterator[tuple[Picture, list[Region]]]:
        def search(picture: Picture) -> tuple[Picture, list[Region]]:
            found = faces(picture.pixels, "fine", self.keep)
            return picture, [replace(region, track=track) for track, region in enumerate(found)]

        for done, searched in enumerate(side_by_side(search, pictures)):
            self._seen("", "find", done, len(pictures))
            yield searched

    def _cost(self, method: str, policy: Policy) -> tuple[Score, ...]:
        if method in REFERENCES or in_groups(policy):
            return tuple(absent(name, _ALONE) for name in SPENT)
        return cost(self.pictures, self._regions, policy)

    def _recovery(self, method: str, policy: Policy) -> tuple[Score, ...]:
        if method in REFERENCES or in_groups(policy):
            return tuple(absent(name, _ALONE) for name in RECOVERED)
        return recovery(self.pictures, self._regions, policy, self.keep)

    def _undone(self, policy: Policy) -> list[str]:
        """Return what may bring a face back that a policy hides; nothing, where it depends on no hidden pixel."""
        rule = policy.rules["face"]
        method = make_method(rule.method, rule.settings)
        learnt = f"{_U_NET} ({self._learners.people} people)" if self._learners else ""
        return [] if method.blind else [*([_WIENER] if isinstance(method, Blur) else []), *([learnt] if learnt else [])]

    def _learnt(self, method: str) -> Any:
        """Return a network that learnt from other people to bring faces back that a method hid."""
        from visard.attack import inverter

        assert self._learners is not None, "without them there is no such group"
        told, looks = partial(self._seen, method, "learn"), self._learners.looks(method, again=False)
        return inverter.train(looks, _STEPS, seen=lambda step, loss: told(step, _STEPS))

    def _restored(self, looks: Sequence[Look], net: Any) -> list[Look]:
        """Return the looks after an attacker tried to bring the faces back."""
        from visard.attack import inverter

        made = zip(looks, *inverter.invert(net, looks), strict=True)
        return [replace(look, hidden=guess, moved=place, found=None) for look, guess, place in made]

    def _mask(self, pixels: Pixels, regions: Sequence[Region], policy: Policy) -> Mask:
        cells = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
        whole: Mask = np.zeros(pixels.shape[:2], np.float32)
        for region in regions:
            whole = np.maximum(whole, outline(region, policy.rules[region.kind], cells))
        return whole


def _policy(method: str) -> Policy:
    return Policy() if method in REFERENCES else described(method)
