"""Attributes of a face by degrees, along directions that SDN's decoder has: a face that was hidden, or one's own."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from visard.errors import NothingFound, TargetError, UsageError, suggest
from visard.found import find
from visard.hider import Hider
from visard.media.lossless import lossless_suffix, write_lossless
from visard.media.read import probe, read
from visard.media.write import refused_writing
from visard.methods.sdn import Sdn
from visard.policy import Policy, Rule
from visard.publish import publish, refuse_replacing
from visard.tracing import trace

MOST = 2.0
"""Degrees to either side."""


def edit(
    file: Path, out: Path, attribute: str, degree: float, *, weights: str = "", overwrite: bool = False
) -> tuple[Path, int]:
    """Write a file with an attribute of its faces strengthened or weakened; return where it lies, and how many faces.

    attribute: a name that the network knows. degree: -2 to 2; at 0 every pixel stays. out: a file, or a folder.
    weights: of the network, where it is not visard's. Nobody is hidden by it. Raises ModelError, NothingFound,
    UsageError, TargetError, SourceError; then nothing was written.
    """
    if not -MOST <= degree <= MOST:
        raise UsageError(f"degree is {degree:g}", hint=f"give a number from {-MOST:g} to {MOST:g}")
    method = Sdn(weights=weights)
    known = method.directions
    if attribute not in known:
        raise UsageError(f"the network knows no {attribute!r}", hint=suggest(attribute, known) if known else "train it")
    picture = probe(file)
    target = out / f"{file.stem}-{attribute}{lossless_suffix(picture)}" if out.is_dir() else out
    if target.suffix.lower() != lossless_suffix(picture):
        what = f"should end in {lossless_suffix(picture)}"
        raise UsageError(what, where=out, hint="edits are written without loss")
    refuse_replacing(target, (file,))
    if target.exists() and not overwrite:
        raise TargetError("exists already", where=target, hint="choose another --out, or give --overwrite")
    policy = Policy({"face": Rule("sdn", {"weights": weights})})
    hider, frames = Hider(policy), functools.partial(read, picture)
    hider.methods["face"] = method.shifted(np.float32(degree) * known[attribute])
    found = trace(
        frames, find(picture, functools.partial(frames, exact=False), policy, _unseen), hider, picture.still
    )  # fmt: skip
    seen = {r.track for r in found.all()} - hider.unfit
    if not seen:
        raise NothingFound("no face is found in it", where=file, hint="give a picture with a clear face")
    with publish(target, overwrite) as draft, refused_writing(target):
        write_lossless(draft, (hider(f, [r for r in found.at(f.index) if r.track in seen]) for f in frames()), picture)
    return target, len(seen)


def _unseen(index: int) -> None:
    """Take no notice."""
