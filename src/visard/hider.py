"""Rooms 4 to 6 for one frame: cut every region, hide it with its kind's method, paste it back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from visard.crowd import parted
from visard.errors import Unfit
from visard.figures import LARGER
from visard.found import Found
from visard.gallery import Gallery
from visard.methods import claims, defaults, make, refuse_misfit
from visard.methods.fallback import fallback_of
from visard.methods.keyed import Keyed
from visard.paste import paste
from visard.policy import Policy, Rule
from visard.roles import Roles
from visard.shape.align import Cells, Cut, beside, cells_of, covered, cut, cut_out, together
from visard.shape.mask import rectangle
from visard.shape.square import through_square
from visard.types import Casting, Deidentifier, Frame, Kind, Patch, Pixels, Region, Removing

Behind = Callable[[int, Cells], Pixels | None]
"""Called with a frame's index and some of its cells; what other frames saw there, None where that is not known."""

Method = TypeVar("Method", bound=Deidentifier)

_APART = 16
"""By how many variants a spare role lies away: nobody asks for so many of one picture."""

LAST = "fill"
"""The method for whoever is seen through all others."""


class Hider:
    """A policy made ready: its methods exist and its settings were accepted.

    source: what tells sources apart, so that nobody wears the same disguise in two of them. roles: those of the
    run, where a person shall wear one face in all of them. secret: 32 bytes, for methods that a password decides.
    """

    def __init__(
        self, policy: Policy, gallery: Gallery | None = None, source: str = "", roles: Roles | None = None,
        secret: bytes = b"",
    ) -> None:  # fmt: skip
        self.policy, self.gallery, self.source = policy, gallery or Gallery(), source
        self.roles = roles or (Roles() if policy.identity == "person" else None)
        self._seeds: dict[int, int] = {}
        self._tried: Counter[int] = Counter()
        self.methods = {kind: make(rule.method, rule.settings) for kind, rule in policy.rules.items()}
        for kind, method in self.methods.items():
            refuse_misfit(method, kind, policy.rules)
        self.methods |= self.gallery.methods
        self._secret = secret
        self.methods = {kind: self._keyed(method) for kind, method in self.methods.items()}
        self.fallbacks = {kind: fallback_of(rule) for kind, rule in policy.rules.items()}
        self.insisted: set[int] = set()
        self.unfit: set[int] = set()
        self.hopeless: set[int] = set()
        self.gathered: set[tuple[int, int]] = set()
        self.behind: Behind = lambda index, cells: None
        self._full = {
            kind: make(rule.method, {**rule.settings, "strength": 1.0})
            for kind, rule in policy.rules.items()
            if "strength" in defaults(rule.method) and "strength" not in rule.settings and kind not in self.casting
        }

    def shaped(self, found: Found) -> Found:
        """Return what was found, figures parted; without outlines where detectors shall lose it, people as rectangles.

        To detectors the shape of a person is one, whatever it is filled with: an oval or a narrow box is, too.
        """
        whole = {kind for kind, method in self.methods.items() if method.goal == "detectors"}

        def bare(region: Region) -> Region:
            if region.kind not in whole:
                return region
            return replace(region, outline=rectangle(region.box) if region.kind == "person" else None)

        if whole:
            found = Found({index: tuple(map(bare, own)) for index, own in found.regions.items()})
        return parted(found, lambda r: r.hide and self._is_figure(r) and not self.removes(r))

    def covers(self, region: Region) -> bool:
        """Return whether a region is hidden without a look at it."""
        return region.hide and self.methods[region.kind].blind

    @property
    def casting(self) -> set[Kind]:
        """Kinds whose method must be cast before it hides."""
        return {kind for kind, method in self.methods.items() if claims.casts(method)}

    @property
    def exchanging(self) -> set[Kind]:
        """Kinds whose method puts something in the place of what it hides, and may fail: these have a fallback."""
        return self.casting | {kind for kind, method in self.methods.items() if claims.removes(method)}

    def removes(self, region: Region) -> bool:
        """Return whether a region is taken out of the picture."""
        return region.hide and claims.removes(self.method(region))

    def cast(self, kind: Kind, patches: Mapping[int, Sequence[Patch]]) -> None:
        """Choose a role for each subject of a kind; patches: its clearest, by track.

        Subjects without one are hidden by the fallback, in all their frames.
        """
        method = self.methods[kind]
        assert isinstance(method, Casting), "only the kinds in `casting` are cast"
        if self.roles is None:
            cast = method.cast([patch for own in patches.values() for patch in own])
        else:
            cast, seeds = self.roles.cast(kind, method, patches)
            cast = self._keyed(cast)  # roles are the run's, a secret is one source's
            self._seeds |= seeds
        self.methods[kind] = cast
        self.unfit |= {track for track, own in patches.items() if not cast.fits(self._seed(kind, track))}

    def insist(self, regions: Iterable[Region]) -> bool:
        """Hide these subjects more thoroughly from now on; returns whether that makes a difference.

        At full strength, where the user left the strength open; who wears another face gets the next one, where there
        is one to spare, then the fallback, and whoever is still seen through it is blacked out.
        """
        before = len(self.insisted) + len(self.unfit) + len(self.hopeless) + self._tried.total()
        for region in {(r.kind, r.track): r for r in regions}.values():
            if self._spares(region):
                self._tried[region.track] += 1
            elif region.kind in self.exchanging:
                (self.hopeless if region.track in self.unfit else self.unfit).add(region.track)
            elif region.kind in self._full:
                self.insisted.add(region.track)
        return len(self.insisted) + len(self.unfit) + len(self.hopeless) + self._tried.total() > before

    def _spares(self, region: Region) -> bool:
        """Return whether a subject's method has a role for it that nobody has seen through yet."""
        method = self.methods[region.kind]
        waiting = isinstance(method, Casting) and self._tried[region.track] < method.spare
        return waiting and region.track not in self.unfit

    def give_up(self, regions: Iterable[Region]) -> bool:
        """Hide these subjects with the fallback from now on, where their method has one; returns whether any is new."""
        lost = {r.track for r in regions if r.kind in self.exchanging} - self.unfit
        self.unfit |= lost
        return bool(lost)

    def black_out(self, regions: Iterable[Region]) -> bool:
        """Fill these subjects from now on, where their method can fail; returns whether any is new."""
        lost = {r.track for r in regions if r.kind in self.exchanging} - self.hopeless
        self.unfit |= lost
        self.hopeless |= lost
        return bool(lost)

    def __call__(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        """Return the frame with every region hidden that is not spared.

        Of several kinds the larger come first, and the smaller see them: a name tag lies on a coat. Faces see faces
        alone: a new one takes its light from the old one, not from a coat's new colour.
        """
        canvas, untouched = _copy(frame), True
        for kind in LARGER:
            group = [r for r in regions if r.kind == kind and r.hide and not self.removes(r)]
            below = frame if untouched or kind == "face" else canvas
            # What lies beneath a new face, so that others do not see the old one, would show through its soft rim.
            alone = not group or ((untouched or kind != "face") and not self._seen_by_others(group))
            # What a new face keeps of what is around it, it keeps of other clothes, if these were changed.
            apart = canvas if alone else _copy(canvas if kind == "face" else below)
            for patch, new in self._pieces(below, apart, group):
                paste(canvas, patch, new)
                if apart is not canvas:
                    paste(apart, patch, new)
            untouched = untouched and not group
        # Last, so that what lies behind somebody is not predicted from anybody's original.
        removed: dict[Deidentifier, list[Cut]] = defaultdict(list)
        for region in regions:
            if self.removes(region):
                removed[self.method(region)].append((region, self.rule(region)))
        for own in removed.values():
            for gone in together(own, frame.pixels.shape):
                paste(canvas, *self._take_out(canvas, gone, regions))
        return canvas

    def rule(self, region: Region) -> Rule:
        """Return the rule for a region's kind."""
        return self.policy.rules[region.kind]

    def method(self, region: Region) -> Deidentifier:
        """Return the method for a region: its kind's, at full strength if that was insisted on, or the fallback."""
        if region.kind in self.exchanging and region.track in self.hopeless:
            return make(LAST)
        if region.kind in self.exchanging and region.track in self.unfit:
            return self.fallbacks[region.kind]
        full = self._full.get(region.kind)
        return full if full is not None and region.track in self.insisted else self.methods[region.kind]

    def patch(
        self, frame: Frame, region: Region, others: Sequence[Region] = (), method: Deidentifier | None = None
    ) -> Patch | None:
        """Return what a method may see of a region, its kind's by default, None where it lies outside the frame.

        others: regions of other subjects, which it is told of where it looks around itself.
        """
        around = getattr(method or self.methods[region.kind], "around", 0.0)
        patch = cut(frame, region, self.rule(region), self._seed(region.kind, region.track), around)
        if patch is None:
            return None
        patch = replace(patch, variant=max(0, self.policy.variant - 1) + _APART * self._tried[region.track])
        if not around or not others:
            return patch
        elsewhere = covered([(r, self.rule(r)) for r in others], cells_of(patch), frame.pixels.shape)
        return replace(patch, others=elsewhere)

    def seed(self, region: Region) -> int:
        """Return the seed of a region's subject."""
        return self._seed(region.kind, region.track)

    def _keyed(self, method: Method) -> Method:
        return method.keyed(self._secret) if self._secret and isinstance(method, Keyed) else method

    def _seed(self, kind: Kind, track: int) -> int:
        known = self._seeds.get(track)
        return self.policy.disguise(kind, track, self.source) if known is None else known

    def _pieces(self, frame: Frame, canvas: Frame, regions: Sequence[Region]) -> Iterator[tuple[Patch, Pixels]]:
        hidden = [r for r in regions if r.hide]
        for region in self._seen_by_others(hidden):
            # A method that looks around itself must not see its neighbours' originals either.
            spare = self.fallbacks[region.kind]
            patch = self.patch(frame, region, [r for r in hidden if r is not region], spare)
            if patch is not None:
                paste(canvas, patch, through_square(spare, patch))
        drawn: list[Cut] = []
        for region in sorted((r for r in hidden if not self.removes(r)), key=self.depth):
            others = [r for r in hidden if r is not region]
            patch, own = self._patch_of(region, frame, canvas, others), (region, self.rule(region))
            if patch is not None:
                try:
                    new = through_square(self.method(region), patch)
                except Unfit:
                    # A cast method may miss a face in a frame; any other would hide it now and then, and is given up.
                    self.unfit |= set() if region.kind in self.casting else {region.track}
                    spare = self.fallbacks[region.kind]
                    patch = self.patch(frame, region, others, spare) or patch
                    new = through_square(spare, patch)
                yield beside(drawn, own, patch, frame.pixels.shape) if self._is_figure(region) else patch, new
                drawn.append(own)

    def _is_figure(self, region: Region) -> bool:
        return region.outline is not None and self.method(region).form != "perturb"

    def depth(self, region: Region) -> tuple[int, float]:
        """Return when a region is hidden: covers, then new faces, the nearest last, then what nothing else hid.

        The detector takes a cheek for a face now and then, and whoever stands behind reaches over another: what covers
        them must not lie across a new face.
        """
        exchanged = claims.casts(self.method(region))
        # What is larger is nearer, or holds what was taken for somebody else.
        return 2 if region.track in self.hopeless else int(exchanged), region.box.area

    def _patch_of(self, region: Region, frame: Frame, canvas: Frame, others: Sequence[Region]) -> Patch | None:
        """Return the patch of a region, such that no neighbour's original comes back with what its method keeps."""
        method = self.method(region)
        if not claims.casts(method):
            return self.patch(frame, region, others, method)
        below = self.patch(canvas, region, others)
        if method.blind or below is None:
            return below
        patch = self.patch(frame, region, others)
        return None if patch is None else replace(patch, ground=below.pixels)

    def _take_out(self, canvas: Frame, group: Sequence[Cut], regions: Sequence[Region]) -> tuple[Patch, Pixels]:
        region, method = group[0][0], self.method(group[0][0])
        assert isinstance(method, Removing), "only these are taken out"
        inside = [own for own, _ in group]
        # Who is still seen is filled anew from spared people, too: a hole that avoids them has somebody's outline.
        others = [(r, self.rule(r)) for r in regions if r not in inside and (r.hide or region.track not in self.unfit)]
        patch = cut_out(canvas, group, others, self.seed(region), method.around)
        patch = replace(patch, behind=self.behind(canvas.index, cells_of(patch)))
        return patch, method(patch)

    def _seen_by_others(self, hidden: list[Region]) -> list[Region]:
        methods = [self.method(region) for region in hidden]
        blindly = (claims.casts(m) and m.around and m.blind for m in methods)
        return hidden if len(hidden) > 1 and any(blindly) else []


def _copy(frame: Frame) -> Frame:
    return replace(frame, pixels=frame.pixels.copy(), deep=None if frame.deep is None else frame.deep.copy())
