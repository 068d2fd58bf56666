"""The values that travel between rooms, and the protocols that rooms accept.

Conventions, said once: pixels are RGB uint8 (H, W, 3), upright (orientation applied); x points right, y down, both in
pixels; boxes are half-open; masks are float32 in [0, 1] and 1 means hide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Deep = NDArray[np.uint16]
Mask = NDArray[np.float32]
Points = NDArray[np.float32]

Kind = Literal["face", "head", "person", "plate", "text", "vehicle"]
Goal = Literal["everyone", "machines", "detectors"]
Form = Literal["perturb", "transform", "generate"]


class Box(NamedTuple):
    """A rectangle in pixels, half-open: it covers x0 <= x < x1 and y0 <= y < y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in pixels, never negative."""
        return max(0.0, self.x1 - self.x0)

    @property
    def height(self) -> float:
        """Height in pixels, never negative."""
        return max(0.0, self.y1 - self.y0)

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def side(self) -> float:
        """Side in pixels of the square of the same area: the size that strengths refer to."""
        return float(np.sqrt(self.area))

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def cells(self, height: int, width: int) -> tuple[slice, slice]:
        """Return the (rows, columns) that the box touches; the one place where reals become pixels.

        Rounds outward and clips to an image of the given height and width in pixels.
        """
        return (
            slice(min(height, max(0, floor(self.y0))), max(0, min(height, ceil(self.y1)))),
            slice(min(width, max(0, floor(self.x0))), max(0, min(width, ceil(self.x1)))),
        )

    def grow(self, margin: float) -> Box:
        """Return the box with margin x width added on the left and right, margin x height above and below."""
        dx, dy = margin * self.width, margin * self.height
        return Box(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)

    def scale(self, factor: float) -> Box:
        """Return the box in a picture whose coordinates are multiplied by factor."""
        return Box(*(v * factor for v in self))

    def shift(self, dx: float, dy: float) -> Box:
        """Return the box moved by (dx, dy) pixels."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def union(self, other: Box) -> Box:
        """Return the smallest box that covers both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def overlap(self, other: Box) -> float:
        """Return the area in square pixels that both boxes cover."""
        w = min(self.x1, other.x1) - max(self.x0, other.x0)
        h = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, w) * max(0.0, h)

    def iou(self, other: Box) -> float:
        """Return intersection over union, in [0, 1]; 0 for empty boxes."""
        both = self.overlap(other)
        either = self.area + other.area - both
        return both / either if either > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One upright picture, or one frame of a video: a picture is a video of one frame.

    pixels: (H, W, 3) uint8 RGB. time: seconds. alpha: (H, W) uint8 or uint16, None if opaque. deep: (H, W, 3) uint16
    RGB over the full range 0..65535, None for 8-bit sources; it is pasted into beside pixels, so that depth survives.
    Arrays from `read` are not writable.
    """

    pixels: Pixels
    index: int = 0
    time: float = 0.0
    alpha: NDArray[np.uint8] | Deep | None = None
    deep: Deep | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Something found that may have to be hidden.

    points: (K, 2) float32 in frame pixels, or None; for faces five: the eye on the image's left, the eye on its right,
    nose tip, left and right mouth corner; for plates and text the four corners, clockwise from the top left; for people
    17 joints, if wanted. track: the subject's number, -1 before tracking. hide: False for whom the user spared. mesh:
    (67,) as `shape.mesh.Canonical.encode` gives them, or None. outline: (K, 2) float32 polygon around a person or head.
    """

    kind: Kind
    box: Box
    score: float
    points: Points | None = None
    track: int = -1
    hide: bool = True
    mesh: Points | None = None
    outline: Points | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """All that a method may see.

    pixels: (h, w, 3) uint8 RGB. mask: (h, w) float32, 1 = hide, between 0 and 1 = feathered rim. points: (K, 2) float32
    in patch pixels, or None. seed: one subject and key, one seed. to_frame: (2, 3) float32, affine from patch to frame.
    mesh: (468, 3) float32 points of the traced face in patch pixels, or None. others: (h, w) bool, where others are, or
    None. behind: as pixels, what other frames saw where this one hides something, or None. ground: as pixels, with its
    neighbours hidden, or None: what a method keeps, it keeps of this. variant: which of the subject's
    identities, 0 for the first. outline: as a region's.
    """

    pixels: Pixels
    mask: Mask
    kind: Kind = "face"
    points: Points | None = None
    seed: int = 0
    to_frame: NDArray[np.float32] = field(default_factory=lambda: np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    mesh: Points | None = None
    others: NDArray[np.bool_] | None = None
    behind: Pixels | None = None
    ground: Pixels | None = None
    variant: int = 0
    outline: Points | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One measured doubt: passed means value <= limit, so a value that could not be computed (NaN) fails."""

    name: str
    value: float
    limit: float
    frames: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        """True where the value is within its limit; NaN compares false."""
        return self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Report:
    """What happened to one source. Holds no pixels and no absolute paths.

    seconds: room -> seconds of work. regions and tracks count what was hidden, spared what was found and shown on
    request. status: `done`, `skipped` (finished in an earlier run) or `failed`.
    """

    source: str
    output: str
    source_sha256: str
    output_sha256: str
    media: str
    policy: Mapping[str, Any]
    methods: Mapping[str, str]
    width: int
    height: int
    frames: int
    regions: int
    tracks: int
    spared: int
    checks: Sequence[Check]
    models: Mapping[str, str]
    version: str
    seconds: Mapping[str, float]
    notes: Sequence[str] = ()
    status: str = "done"
    error: str = ""

    @property
    def nothing_found(self) -> bool:
        """True where nothing was found to hide or to spare."""
        return self.status != "failed" and self.regions == 0 and self.spared == 0


@runtime_checkable
class Detector(Protocol):
    """Finds regions in one picture."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]

    def __call__(self, pixels: Pixels) -> list[Region]:
        """Return what is found in (H, W, 3) uint8 RGB pixels, best first, in that picture's pixels."""


@runtime_checkable
class Deidentifier(Protocol):
    """Turns a patch into new pixels. Claims are class attributes, and the contract battery tests them.

    size: side in pixels of the aligned square it wants, None for the region as it stands.
    blind: the output does not depend on the hidden pixels. Methods that give identities, another one for another
    variant, also say so: `identities` is True.
    """

    name: ClassVar[str]
    size: ClassVar[int | None]
    blind: ClassVar[bool]
    reversible: ClassVar[bool]
    goal: ClassVar[Goal]
    form: ClassVar[Form]

    def __call__(self, patch: Patch) -> Pixels:
        """Return new pixels (h, w, 3) uint8 for the patch; the patch is left as it was."""


@runtime_checkable
class Telling(Deidentifier, Protocol):
    """A method that has something to say in the report of what it hid."""

    def told(self) -> Sequence[str]:
        """Return lines for the report, of what was hidden so far; they name nobody and no file."""


@runtime_checkable
class Casting(Deidentifier, Protocol):
    """A method that chooses a role for each subject once, and plays it in all its patches.

    A call raises Unfit where it finds no face to work on; the rule's fallback then hides the region.
    around: how far beyond what is hidden its patches reach, in sides of the region's box. spare: how many roles more it
    has for a subject in whose role somebody is still recognised, or nobody seen; a patch's variant says which to play.
    """

    around: ClassVar[float]
    spare: ClassVar[int]

    def cast(self, patches: Sequence[Patch]) -> Casting:
        """Return the method with a role for each subject (one seed), chosen from its clearest patches, best first.

        Subjects whose patches are all unfit get none.
        """

    def fits(self, seed: int) -> bool:
        """Return whether the subject with this seed has a role."""


@runtime_checkable
class Removing(Telling, Protocol):
    """A method that takes somebody out of the picture: afterwards nobody may be seen there.

    Regions near each other share a patch. around: how far it reaches beyond them, in sides of what is hidden.
    """

    around: ClassVar[float]

    def softer(self) -> Removing:
        """Return the method for whoever is still seen: it predicts nothing that anybody could take for a face."""

    def predict(self, pixels: Pixels, wanted: NDArray[np.bool_], known: NDArray[np.bool_], seed: int) -> Pixels:
        """Return the (h, w, 3) picture with the wanted pixels (h, w) predicted from the known ones alone."""


@runtime_checkable
class Prepared(Deidentifier, Protocol):
    """A method that must know everybody before it hides anybody; until it is prepared, a call raises UsageError.

    What it hands out is a face, shared by several people, so that a detector may find one in its result.
    """

    def prepare(self, patches: Sequence[Patch], labels: Sequence[str] = ()) -> Deidentifier:
        """Return the method for a gallery of patches aligned to its size, one a person; labels: their folders.

        The result raises UsageError for a patch that is not in the gallery.
        """
