"""The card of a bank of donors: of whom it was made, how, and whom it resembles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visard.methods.donors import FORMAT
from visard.train.blend import LEAST
from visard.train.card import Row, render, terms_row
from visard.train.casting import SHARED, Cast
from visard.train.faces import Faces
from visard.train.likeness import STRANGERS, TOO_NEAR, Likeness
from visard.train.reader import CHILD, Trial

Floats = NDArray[np.float32]

_HOLDS = (
    f"No single person's picture: no texture was made from fewer than {LEAST} people. A donor can still resemble "
    "somebody, as strangers do."
)
_NEVER = "No recogniser that had no part has been asked."


@dataclass(frozen=True, slots=True, eq=False)
class Making:
    """What a bank came from: photos, faces, rows of the usable ones, ages (N,) in years, zero where unused.

    casts: the rows of each donor's faces; attributes (D, 7): their means; dropped: donors that resembled somebody.
    """

    photos: int
    faces: Faces
    rows: Cast
    ages: Floats
    casts: list[Cast]
    attributes: Floats
    dropped: int
    seed: int
    likeness: Likeness
    trial: Trial | None


def write(m: Making, size: int, terms: str) -> str:
    """Return the card of a bank, as Markdown; size: bytes of its file."""
    used = np.unique(np.concatenate(m.casts))
    sizes = Counter(len(rows) for rows in m.casts)
    number = f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    first = f"{len(m.casts):,} donors: faces of nobody, each the average of {number} people."
    rows: list[Row] = [
        (
            "data",
            f"{m.photos:,} photos, {len(m.faces):,} with a face; {len(m.rows):,} usable faces of "
            f"{_people(m.faces, m.rows):,} people (frontal, sharp, sure, mouth closed enough); {len(used):,} faces of "
            f"{_people(m.faces, used):,} people went into a donor",
        ),
        terms_row(terms),
        (
            "people a donor",
            ", ".join(f"{people} in {sizes[people]:,}" for people in sorted(sizes, reverse=True))
            + f"; no two donors share more than {SHARED} of them",
        ),
        ("sorts", _sorts(m)),
        ("children", _children(m, used)),
        ("reader of sex, age and group", _reader(m)),
        ("made by", f"`visard train donors --seed {m.seed}`"),
        ("file", f"format {FORMAT}; {size:,} bytes"),
    ]
    sections = [("What it holds.", _HOLDS), ("Likeness, measured.", _likeness(m))]
    return render("donors.safetensors", first, rows, sections)


def _people(faces: Faces, rows: Cast) -> int:
    return len({faces.people[i] for i in rows})


def _sorts(m: Making) -> str:
    sexes, ages = m.attributes[:, 0] > 0.5, m.attributes[:, 1] * 10
    low, middle, high = np.quantile(ages, (0, 0.5, 1))
    return (
        f"{int(sexes.sum()):,} donors of men, {int((~sexes).sum()):,} of women, as their people's labels or the reader "
        f"say; mean ages {low:.0f} to {high:.0f}, half of them below {middle:.0f}"
    )


def _children(m: Making, used: Cast) -> str:
    faces, donors = int((m.ages[used] < CHILD).sum()), int((m.attributes[:, 1] * 10 < CHILD).sum())
    said = sum(m.faces.labels[i] is not None for i in used)
    return (
        f"{faces:,} faces in donors are of people under {CHILD:.0f}, and {donors:,} donors have a mean age under "
        f"{CHILD:.0f}; ages of {said:,} faces were said, the others read"
    )


def _reader(m: Making) -> str:
    if m.trial is None:
        return "the shipped one: too few faces came with labels"
    t = m.trial
    return (
        f"fitted on the labelled faces; of every fifth, left out ({t.faces:,}), sex was right for {t.sex:.1%} "
        f"({t.adult_sex:.1%} of those aged {CHILD:.0f} and more), group for {t.group:.1%}, and age {t.age:.1f} years "
        "off on average"
    )


def _likeness(m: Making) -> str:
    k, all_of_them = m.likeness, len(m.faces)
    return (
        f"By dlib's embeddings, which also chose the people. {m.dropped:,} donors with a face of the photos nearer "
        f"than {TOO_NEAR} were dropped; the nearest now is {k.nearest:.2f} away. Nearer than {STRANGERS:.2f}, the "
        f"impostor level, are {k.own_near:,} of {k.own:,} pairs of a donor with a face of its own people "
        f"({_share(k.own_near, k.own)}), {_share(k.others_near, k.others)} of pairs with others, and "
        f"{_share(k.strangers_near, k.strangers)} of {k.strangers:,} pairs of two strangers. For "
        f"{_share(k.first, len(m.casts))} of the donors one of their own people is the nearest of all {all_of_them:,} "
        f"faces. {_NEVER}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}%" if whole else "none"
