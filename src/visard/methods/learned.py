"""What networks share that hide a face under a password and bring it back: a likeness, not the pixels, and no safe."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError
from visard.methods.factors import Factors, parse, read
from visard.methods.generated import Generated, shown
from visard.methods.scene import upright
from visard.methods.ways import WAYS, bits_of
from visard.shape.landmarks import Vertices
from visard.shape.mesh import canonical
from visard.shape.square import invert, see
from visard.types import Patch, Pixels

Floats = NDArray[np.float32]

_SAME = "same"

HONEST = (
    "reversible by a learned network: who has the password and the network brings back a likeness, not the pixels",
    "no encryption: a wrong password gives another plausible face, and who knows the person can try passwords; "
    "what must stay secret belongs into a seal (--seal)",
)  # fmt: skip
"""What every report on such a method says."""


@dataclass(frozen=True, slots=True)
class Learned(Generated):
    """Paint a face anew under a password, so that its complement brings it back; seeing what is hidden.

    Every subject is hidden under the same bits; a subject's role is what is known of it beside them.
    """

    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = True
    identities: ClassVar[bool] = False

    _secret: bytes = field(default_factory=bytes, init=False, repr=False, compare=False)
    _back: Mapping[str, str] | None = field(default_factory=lambda: None, init=False, repr=False, compare=False)
    _shift: Floats | None = field(default_factory=lambda: None, init=False, repr=False, compare=False)

    def keyed(self, secret: bytes) -> Self:
        """Return the method with a secret of 32 bytes."""
        return self._with(_secret=secret)

    def backwards(self, factors: Mapping[str, str]) -> Self:
        """Return the method that brings back; factors: what is known of the people, the rest is read off."""
        return self._with(_back=dict(factors))

    def cast(self, patches: Sequence[Patch]) -> Self:
        """Return the method with a role for each subject; raises UsageError without a secret."""
        if not self._secret:
            raise UsageError(f"{self.name} hides under a password", hint="give one of the --password options")
        cast = Generated.cast(self, patches)
        return self._with(_roles=cast._roles)

    def shifted(self, shift: Floats) -> Self:
        """Return the method that edits: adds what a shift (256,) of the decoder's style changes; asks no password."""
        return self._with(_secret=bytes(32), _shift=shift)

    def told(self) -> Sequence[str]:
        """Return what kind of reversibility this is, for the report."""
        return HONEST

    @property
    def network(self) -> str:
        """Return the sha256 of the network's file."""
        return self._net.sha256

    @property
    def _wanted(self) -> Mapping[str, str]:
        """Return the factors that hidden faces shall have, beside their own."""
        return {}

    @abstractmethod
    def _role(self, patch: Patch, vertices: Vertices) -> Factors:
        """Return what is known of the subject of a patch beside the password."""

    def _paint(self, patch: Patch, vertices: Vertices, role: Factors) -> Pixels:
        net = self._net
        to_square = upright(canonical().fit_pose(vertices), patch.mask, net.side)
        square = see(patch.pixels, to_square, net.side, net.side, enlarge=cv2.INTER_CUBIC)
        picture = np.ascontiguousarray(square.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - 1)
        factors = role.but(self._wanted if self._back is None else self._back)
        way = WAYS[self.name](bits_of(self._secret, int(net.facts["bits"])), factors.code(), self._back is not None)
        if self._shift is None:
            still = [np.zeros((1, int(net.facts["style"])), np.float32)] if "style" in net.facts else []
            whole = shown(np.clip(net(picture[None], way[None], *still)[0][0], -1, 1))
        else:
            # The difference alone, so that the rest of the face, finer than the network's square, stays as it is.
            plain, moved = (net(picture[None], 0 * way[None], s[None])[0][0] for s in (0 * self._shift, self._shift))
            whole = (moved - plain).transpose(1, 2, 0) * np.float32(127.5)
        height, width = patch.mask.shape
        new = see(np.ascontiguousarray(whole), invert(to_square), height, width, enlarge=cv2.INTER_CUBIC)
        new = new if self._shift is None else new + patch.pixels
        return np.clip(np.round(new), 0, 255).astype(np.uint8)

    def _with(self, **changes: object) -> Self:
        """Return the method with other values of what is no setting."""
        method = replace(self)
        for name in ("_roles", "_secret", "_back", "_shift"):
            object.__setattr__(method, name, changes.get(name, getattr(self, name)))
        return method


@dataclass(frozen=True, slots=True)
class Described(Learned):
    """One that is told besides who somebody looks like: sex, age and hair.

    look: what hidden faces are made to look like, such as `old,light`, or `same`. Whoever brings a face
    back must know how it was before.
    """

    look: str = _SAME

    def __post_init__(self) -> None:
        # Named in full: a class with slots is made anew, and `super()` would look for the old one.
        Generated.__post_init__(self)
        _looks(self.look)

    def told(self) -> Sequence[str]:
        """Return what kind of reversibility this is, and the factors that bring people back."""
        people = sorted({str(role) for role in (self._roles or {}).values()})
        return [*HONEST, *(f"factors that bring people back: {person}" for person in people)]

    @property
    def directions(self) -> Mapping[str, Floats]:
        """Return attribute -> (256,) the shift of one degree, as far as the network's file names any."""
        return {name: np.array(values, np.float32) for name, values in self._net.facts["directions"].items()}

    @property
    def _wanted(self) -> Mapping[str, str]:
        return _looks(self.look)

    def _role(self, patch: Patch, vertices: Vertices) -> Factors:
        return read(patch, vertices)


def _looks(look: object) -> dict[str, str]:
    """Return factor -> word that a setting asks for; raises UsageError, for nothing as well."""
    words = {} if look == _SAME else parse(look)
    if not words and look != _SAME:
        raise UsageError(f"look is {look!r}", hint=f"name factors by commas, or {_SAME}")
    return words
