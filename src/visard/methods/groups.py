"""The grouping engine of the k-Same family: people are hidden in groups of at least k, who share one face.

Whoever is shown a shared face can do no better than guess: 1 in k (Newton, Sweeney and Malin 2005). That holds for
one picture a person and one release: the same person twice, or a second release in other groups, can be intersected.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from visard.errors import UsageError
from visard.methods.strength import check_count, check_name
from visard.types import Form, Goal, Patch, Pixels

Group = NDArray[np.intp]
Vectors = NDArray[np.floating[Any]]
Select = Literal["none", "folder"]


@dataclass(frozen=True, slots=True)
class KSame(ABC):
    """What the family shares: settings, the preparation of a gallery, and a face for each patch of it.

    k: people in a group, at least. select: `folder` groups people whose pictures lie in the same folder
    (k-Same-Select). There is no strength but k: a face between the shared one and the own would tell the
    group's members apart, and no bound would hold.
    """

    name: ClassVar[str]
    size: ClassVar[int | None]
    blind: ClassVar[bool] = False
    reversible: ClassVar[bool] = False
    goal: ClassVar[Goal] = "everyone"
    form: ClassVar[Form] = "transform"

    k: int = 10
    select: Select = "none"
    _faces: Mapping[str, Pixels] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count("k", self.k, least=2)
        check_name("select", self.select, get_args(Select))

    def prepare(self, patches: Sequence[Patch], labels: Sequence[str] = ()) -> Self:
        """Return the method for a gallery of aligned patches, one a person; labels: their folders.

        Raises UsageError for fewer than k people, in all or of a label, and for a picture that comes twice.
        """
        refuse_few(len(patches), self.k)
        vectors, face = self._space(patches)
        faces: dict[str, Pixels] = {}
        for group in groups_within(vectors, self.k, labels if self.select == "folder" else ()):
            shared = face(group)
            faces |= {digest(patches[row]): shared for row in group}
        if len(faces) < len(patches):
            raise UsageError("two pictures show the same face", hint="keep one picture of a person")
        prepared = replace(self)
        object.__setattr__(prepared, "_faces", faces)
        return prepared

    def __call__(self, patch: Patch) -> Pixels:
        """Return the face of the patch's group; raises UsageError for a patch that was not prepared."""
        if not self._faces:
            raise UsageError(f"{self.name} hides people in groups", hint="give a folder with one picture a person")
        if digest(patch) not in self._faces:
            raise UsageError(f"{self.name} meets a face of no group", hint="give pictures of one face each")
        return self._faces[digest(patch)].copy()

    @abstractmethod
    def _space(self, patches: Sequence[Patch]) -> tuple[Vectors, Callable[[Group], Pixels]]:
        """Return the rows (N, d) whose distances make groups, and what makes the face of a group."""


def refuse_few(people: int, k: int) -> None:
    """Raise UsageError unless there are at least k people."""
    if people < k:
        number = "nobody is" if not people else "1 person is" if people == 1 else f"{people} people are"
        raise UsageError(f"{number} too few for groups of {k}", hint="add pictures or lower --k")


def groups(vectors: Vectors, k: int) -> list[Group]:
    """Return disjoint groups of k to 2k - 1 row numbers that cover the rows of (N, d), each row near its group.

    The first row left takes its k - 1 nearest, until fewer than 2k are left, who are the last group (k-Same,
    METHODS 3). Raises UsageError for fewer than k rows.
    """
    refuse_few(len(vectors), k)
    left = np.arange(len(vectors))
    made: list[Group] = []
    while len(left) >= 2 * k:
        away = np.square(vectors[left] - vectors[left[0]], dtype=np.float64).sum(axis=1)
        away[0] = -1.0  # its twin, if it has one, must not take its place
        chosen = np.sort(np.argsort(away, kind="stable")[:k])
        made.append(left[chosen])
        left = np.delete(left, chosen)
    return [*made, left]


def groups_within(vectors: Vectors, k: int, labels: Sequence[str]) -> list[Group]:
    """Return groups of rows that share a label; no labels at all mean one for everybody.

    Raises UsageError that names a label with fewer than k rows.
    """
    own = np.array(labels if labels else [""] * len(vectors))
    made: list[Group] = []
    for label in sorted(set(own.tolist())):
        rows = np.flatnonzero(own == label)
        try:
            made += [rows[group] for group in groups(vectors[rows], k)]
        except UsageError as error:
            raise UsageError(error.what, where=label, hint=error.hint) from error
    return made


def digest(patch: Patch) -> str:
    """Return what an aligned patch is recognised by: the hash of its pixels."""
    return hashlib.sha256(patch.pixels.tobytes()).hexdigest()
