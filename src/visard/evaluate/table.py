"""Measured values as tables: every number with its interval, every gap with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from visard.attack.score import Score

PLAIN = {
    "bangs", "million parameters", "million MACs",
    *(f"recovered {name}" for name in ("LPIPS", "lpips_mobilenetv2", "PSNR", "SSIM", "PieAPP")),
    "linkability", "diversity", "age change", "pose", "yaw", "pitch", "roll", "mouth opening", "eye opening", "gaze",
    "PSNR", "SSIM", "seam", "sharpness", "outside change", "LPIPS", "lpips_mobilenetv2", "PieAPP",
    "fid", "fd_mobilenetv2", "fd_inception_nsfw", "ms a face", "memory",
    "flicker", "source flicker", "people a frame", "most people", "people in all",
}  # fmt: skip
"""Scores that are no shares."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of text with notes under it; every row has as many cells as the head."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self, level: int = 0) -> str:
        """Return the table in Markdown, notes as a list under it; level: of the title's heading, 0 for none."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        title = f"{'#' * level} {self.title}\n\n" if level else ""
        notes = "".join(f"- {note}\n" for note in self.notes)
        return title + "".join(f"| {' | '.join(line)} |\n" for line in lines) + (f"\n{notes}" if notes else "")


def cell(score: Score) -> str:
    """Return a share as percent, or another value in its own unit, with its 95 % interval and number of trials."""
    if score.value is None:
        return "-"
    scale, digits = (1.0, 2) if score.name in PLAIN else (100.0, 1)
    value = f"{scale * score.value:.{digits}f}"
    if score.low is None or score.high is None:
        return f"{value} (n = {score.n})"
    to = " to " if score.low < 0 else "-"
    return f"{value} ({scale * score.low:.{digits}f}{to}{scale * score.high:.{digits}f}, n = {score.n})"


def tabulate(title: str, rows: Iterable[tuple[Mapping[str, str], Sequence[Score]]]) -> Table:
    """Return a table of scores; each row is what it is about (head -> text) and its scores.

    Under the table stands what could not be computed, why, and for which rows; what nobody could has no column.
    """
    listed = list(rows)
    texts = [dict(about) | {score.name: cell(score) for score in scores} for about, scores in listed]
    known = {score.name for _, scores in listed for score in scores if score.value is not None}
    head = list(dict.fromkeys(key for about, scores in listed for key in (*about, *(s.name for s in scores))))
    head = [key for key in head if key in known or any(key in about for about, _ in listed)]
    missing = gaps({", ".join(about.values()): scores for about, scores in listed})
    return Table(title, head, [[text.get(key, "") for key in head] for text in texts], missing)


def gaps(measured: Mapping[str, Sequence[Score]]) -> list[str]:
    """Return what could not be computed, why, and for which of the named rows, one line a gap."""
    rows: dict[str, list[str]] = {}
    for name, scores in measured.items():
        for score in scores:
            if score.value is None:
                rows.setdefault(f"{score.name}: {score.reason}", []).append(name)
    everyone = len(measured)
    where = {gap: "everywhere" if len(names) == everyone > 1 else "; ".join(names) for gap, names in rows.items()}
    return [f"absent, {gap} ({where[gap]})" for gap in sorted(rows)]
