"""What the page asks for while somebody looks, in a worker of its own: frames, previews, faces, a box followed on."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from visard.errors import UsageError
from visard.found import Found
from visard.hider import Hider
from visard.methods import make
from visard.pipeline import fingerprint
from visard.policy import Policy, from_dict
from visard.regions import read_rows, rows
from visard.serve.following import follow as run_on
from visard.serve.records import load
from visard.serve.reel import Reel
from visard.serve.small import jpeg, portrait, shrink
from visard.serve.worker import Tell
from visard.tracing import trace
from visard.types import Box, Frame, Pixels, Prepared, Region


def frame(source: str, times: str, index: int, side: int, *, tell: Tell) -> dict[str, Any]:
    """Return a frame as JPEG in base64, no side longer than `side` pixels; times: the file of its frames' times."""
    return {"jpeg": _base64(shrink(_open(source, times).at(index).pixels, side))}


def face(source: str, times: str, index: int, box: list[float], *, tell: Tell) -> dict[str, Any]:
    """Return the surroundings of a box as JPEG in base64."""
    return {"jpeg": _base64(portrait(_open(source, times).at(index).pixels, Box(*box)))}


def preview(
    source: str, times: str, index: int, side: int, policy: dict[str, Any], regions: list[dict[str, Any]], *, tell: Tell
) -> dict[str, Any]:
    """Return a frame as it would be hidden, as JPEG in base64; regions: rows as `visard find` writes them."""
    still, found = _open(source, times).at(index), next(iter(read_rows(regions).values()), Found({}))
    shown = _hidden(still, found.at(index), from_dict(policy), fingerprint(Path(source)))
    return {"jpeg": _base64(shrink(shown.pixels, side))}


def follow(source: str, times: str, index: int, region: dict[str, Any], *, tell: Tell) -> dict[str, Any]:
    """Return rows for a region in its frame and in all others to which it can be followed, and the last one seen."""
    (found,) = read_rows([region | {"frame": index}]).values()
    steps = list(run_on(_open(source, times).onward(index), found.at(index)[0]))
    found = Found({step.index: (step.region,) for step in steps})
    return {"rows": list(rows({str(region.get("source", "")): found})), "last": [s.index for s in steps if s.seen][-1]}


def _hidden(still: Frame, regions: Sequence[Region], policy: Policy, source: str) -> Frame:
    if any(isinstance(make(rule.method, rule.settings), Prepared) for rule in policy.rules.values()):
        raise UsageError("this method needs everybody's picture, so it has no preview", hint="hide, and look then")
    hider = Hider(policy, source=source)
    found = trace(lambda: iter([still]), Found({still.index: tuple(regions)}), hider, still=True)
    return hider(still, found.at(still.index))


def _open(source: str, times: str) -> Reel:
    return _opened(source, times, Path(source).stat().st_mtime_ns)  # a result may have been made anew


@lru_cache(maxsize=1)
def _opened(source: str, times: str, changed: int) -> Reel:
    return Reel(Path(source), load(Path(times)))


def _base64(pixels: Pixels) -> str:
    return base64.b64encode(jpeg(pixels)).decode()
