"""Rooms 4 to 6 for one frame: cut every region, hide it with its kind's method, paste it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from visard.errors import Unfit, UsageError
from visard.gallery import Gallery
from visard.methods import defaults, make
from visard.paste import paste
from visard.policy import Policy, Rule
from visard.shape.align import cut
from visard.shape.square import through_square
from visard.types import Casting, Deidentifier, Frame, Kind, Patch, Pixels, Prepared, Region


class Hider:
    """A policy made ready: its methods exist and its settings were accepted.

    source: what tells sources apart, so that nobody wears the same disguise in two of them.
    """

    def __init__(self, policy: Policy, gallery: Gallery | None = None, source: str = "") -> None:
        self.policy, self.gallery, self.source = policy, gallery or Gallery(), source
        self.methods = {kind: make(rule.method, rule.settings) for kind, rule in policy.rules.items()}
        self.methods |= self.gallery.methods
        self.fallbacks = {kind: _fallback(rule) for kind, rule in policy.rules.items()}
        self.insisted: set[int] = set()
        self.unfit: set[int] = set()
        self._full = {
            kind: make(rule.method, {**rule.settings, "strength": 1.0})
            for kind, rule in policy.rules.items()
            if "strength" in defaults(rule.method) and "strength" not in rule.settings
        }

    @property
    def casting(self) -> set[Kind]:
        """Kinds whose method must be cast before it hides."""
        return {kind for kind, method in self.methods.items() if isinstance(method, Casting)}

    def cast(self, kind: Kind, patches: Mapping[int, Sequence[Patch]]) -> None:
        """Choose a role for each subject of a kind; patches: its clearest, by track.

        Subjects without one are hidden by the fallback, in all their frames.
        """
        everyone = [patch for own in patches.values() for patch in own]
        for methods in (self.methods, self._full):
            method = methods.get(kind)
            if isinstance(method, Casting):
                methods[kind] = method = method.cast(everyone)
                self.unfit |= {track for track, own in patches.items() if not method.fits(own[0].seed)}

    def insist(self, regions: Iterable[Region]) -> bool:
        """Hide these subjects at full strength from now on, where the user left the strength open.

        Whoever is insisted on again is given to the fallback, if the method has one. Returns whether that makes a
        difference to what was done so far.
        """
        wanted = {r.track: r.kind for r in regions}
        stronger = {t for t, kind in wanted.items() if kind in self._full} - self.insisted
        given_up = {t for t, kind in wanted.items() if kind in self.casting} - stronger - self.unfit
        self.insisted |= stronger
        self.unfit |= given_up
        return bool(stronger or given_up)

    def give_up(self, regions: Iterable[Region]) -> bool:
        """Hide these subjects with the fallback from now on, where their method has one; returns whether any is new."""
        lost = {r.track for r in regions if r.kind in self.casting} - self.unfit
        self.unfit |= lost
        return bool(lost)

    def __call__(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        """Return the frame with every region hidden that is not spared."""
        canvas = replace(frame, pixels=frame.pixels.copy(), deep=None if frame.deep is None else frame.deep.copy())
        for patch, new in self._pieces(frame, canvas, regions):
            paste(canvas, patch, new)
        return canvas

    def rule(self, region: Region) -> Rule:
        """Return the rule for a region's kind."""
        return self.policy.rules[region.kind]

    def method(self, region: Region) -> Deidentifier:
        """Return the method for a region: its kind's, at full strength if that was insisted on, or the fallback."""
        if region.track in self.unfit:
            return self.fallbacks[region.kind]
        full = self._full.get(region.kind)
        return full if full is not None and region.track in self.insisted else self.methods[region.kind]

    def patch(self, frame: Frame, region: Region) -> Patch | None:
        """Return what the method may see of a region, None where it lies outside the frame."""
        return cut(frame, region, self.rule(region), self.policy.disguise(region.kind, region.track, self.source))

    def _pieces(self, frame: Frame, canvas: Frame, regions: Sequence[Region]) -> Iterator[tuple[Patch, Pixels]]:
        # Exchanged faces keep what lies around them, so they come first and see what was pasted before: otherwise
        # the surroundings of one would bring back the original of its neighbour.
        hidden = [r for r in regions if r.hide]
        for region in sorted(hidden, key=lambda r: not isinstance(self.method(r), Casting)):
            patch = self.patch(canvas if isinstance(self.method(region), Casting) else frame, region)
            if patch is not None:
                yield patch, self._hide(region, patch)

    def _hide(self, region: Region, patch: Patch) -> Pixels:
        try:
            return through_square(self.method(region), patch)
        except Unfit:
            return through_square(self.fallbacks[region.kind], patch)


def _fallback(rule: Rule) -> Deidentifier:
    method = make(rule.fallback)
    if isinstance(method, Casting | Prepared):
        raise UsageError(f"{rule.fallback!r} cannot be a fallback", hint="choose a method that hides every region")
    return method
