"""Rooms 4 to 6 for one frame: cut every region, hide it with its kind's method, paste it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from visard.gallery import Gallery
from visard.methods import defaults, make
from visard.paste import paste
from visard.policy import Policy, Rule
from visard.shape.align import cut
from visard.shape.square import through_square
from visard.types import Deidentifier, Frame, Patch, Pixels, Region


class Hider:
    """A policy made ready: its methods exist and its settings were accepted."""

    def __init__(self, policy: Policy, gallery: Gallery | None = None) -> None:
        self.policy, self.gallery = policy, gallery or Gallery()
        self.methods = {kind: make(rule.method, rule.settings) for kind, rule in policy.rules.items()}
        self.methods |= self.gallery.methods
        self.insisted: set[int] = set()
        self._full = {
            kind: make(rule.method, {**rule.settings, "strength": 1.0})
            for kind, rule in policy.rules.items()
            if "strength" in defaults(rule.method) and "strength" not in rule.settings
        }

    def insist(self, regions: Iterable[Region]) -> bool:
        """Hide these subjects at full strength from now on, where the user left the strength open.

        Returns whether that makes a difference to what was done so far.
        """
        new = {r.track for r in regions if r.kind in self._full} - self.insisted
        self.insisted |= new
        return bool(new)

    def __call__(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        """Return the frame with every region hidden that is not spared."""
        return paste(frame, self._pieces(frame, regions))

    def rule(self, region: Region) -> Rule:
        """Return the rule for a region's kind."""
        return self.policy.rules[region.kind]

    def method(self, region: Region) -> Deidentifier:
        """Return the method for a region: that of its kind, at full strength if that was insisted on."""
        full = self._full.get(region.kind)
        return full if full is not None and region.track in self.insisted else self.methods[region.kind]

    def _pieces(self, frame: Frame, regions: Sequence[Region]) -> Iterator[tuple[Patch, Pixels]]:
        for region in regions:
            if region.hide:
                seed = self.policy.disguise(region.kind, region.track)
                patch = cut(frame, region, self.rule(region), seed)
                if patch is not None:
                    yield patch, through_square(self.method(region), patch)
