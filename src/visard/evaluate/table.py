"""Measured values as text: every number with its interval, every gap with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from visard.attack.score import Score

_PLAIN = {
    "linkability", "age change", "pose", "PSNR", "SSIM", "seam", "outside change", "fd_mobilenetv2",
}  # fmt: skip
"""Scores that are no shares."""


def cell(score: Score) -> str:
    """Return a share as percent, or another value in its own unit, with its 95 % interval and number of trials."""
    if score.value is None:
        return "-"
    scale, digits = (1.0, 2) if score.name in _PLAIN else (100.0, 1)
    value = f"{scale * score.value:.{digits}f}"
    if score.low is None or score.high is None:
        return f"{value} (n = {score.n})"
    return f"{value} ({scale * score.low:.{digits}f}-{scale * score.high:.{digits}f}, n = {score.n})"


def markdown(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows of the same keys as a Markdown table, keys as its head; empty without rows."""
    listed = list(rows)
    if not listed:
        return ""
    head = list(listed[0])
    lines = [head, ["---"] * len(head), *([row[key] for key in head] for row in listed)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def gaps(measured: Mapping[str, Sequence[Score]]) -> str:
    """Return a Markdown list of what could not be computed, why, and for which of the named rows; empty if nothing."""
    rows: dict[str, list[str]] = {}
    for name, scores in measured.items():
        for score in scores:
            if score.value is None:
                rows.setdefault(f"{score.name}: {score.reason}", []).append(name)
    return "".join(f"- absent, {gap} ({', '.join(names)})\n" for gap, names in sorted(rows.items()))
