"""What a run shows while it works: a bar with the time left on a terminal, failures as lines, results on stdout."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visard.errors import VisardError
from visard.run import Watch
from visard.sources import is_file_name
from visard.types import Report

if TYPE_CHECKING:
    from types import TracebackType

    from visard.run import Run

_ROOMS = ("find", "hide", "doubt")


class Bar(Watch):
    """One bar over all sources, which moves with their frames; nothing is drawn where nobody looks."""

    def __init__(self, quiet: bool, show_results: bool, out: Path) -> None:
        self._show_results, self._folder = show_results, out.parent if is_file_name(out) else out
        self._lock = threading.Lock()
        self._share: dict[str, float] = {}
        self._bar: Any = None
        self._visible = not quiet and sys.stderr.isatty()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def planned(self, jobs: int) -> None:
        """Draw the bar, one unit a source."""
        if self._visible:
            from tqdm import tqdm

            shape = "{percentage:3.0f} % {bar} {elapsed}, {remaining} left {postfix}"
            self._bar = tqdm(total=float(jobs), bar_format=shape, leave=False, dynamic_ncols=True)

    def moved(self, name: str, room: str, done: int, total: int | None) -> None:
        """Move the bar by the share of the source's work that a frame is."""
        if self._bar is None or not total:
            return
        with self._lock:
            share = min(0.99, (_ROOMS.index(room) + done / total) / len(_ROOMS))
            # A room may run through the frames several times.
            self._advance(name, max(share, self._share.get(name, 0.0)))

    def ended(self, report: Report, error: VisardError | None) -> None:
        """Print a failure, or the path of a result."""
        with self._lock:
            if self._bar is not None:
                self._advance(report.source, 1.0)
                self._bar.clear()
            if error is not None:
                click.echo(f"visard: {error}", err=True)
            elif self._show_results:
                click.echo(str(self._folder / report.output))

    def summary(self, run: Run) -> str:
        """Return one line on what the run came to."""
        counts = {status: sum(r.status == status for r in run.reports) for status in ("done", "skipped", "failed")}
        nothing = sum(r.nothing_found for r in run.reports)
        words = [f"{number} {status}" for status, number in counts.items() if number] or [
            "no picture and no video to hide"
        ]
        bare = sum(r.spared > 0 and not r.regions for r in run.reports)
        words += [f"{nothing} with nothing found"] if nothing else []
        noted = sum(bool(r.notes) for r in run.reports) if len(run.reports) > 1 else 0
        words += [f"{bare} with everybody spared"] if bare else []
        words += [f"{noted} with notes"] if noted else []
        return f"{', '.join(words)}; report: {run.page}"

    def _advance(self, name: str, share: float) -> None:
        self._bar.set_postfix_str(name[-40:], refresh=False)
        self._bar.update(share - self._share.get(name, 0.0))
        self._share[name] = share


def left_alone(files: Sequence[Path]) -> str:
    """Return one line on files in named folders that are not read: raw photos among them show whoever they show."""
    names = ", ".join(file.name for file in files[:3]) + (", ..." if len(files) > 3 else "")
    return f"{len(files)} of formats that are not read, and left alone: {names}"


class Steps:
    """A bar on standard error for work in named steps; nothing is drawn where nobody looks."""

    def __init__(self, quiet: bool) -> None:
        self._visible = not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, what: str, step: str, done: int, total: int) -> None:
        """Show that so much of a step is done; a new step starts a new bar."""
        if not self._visible:
            return
        named = f"{what} {step}".strip()
        if named != self._step:
            from tqdm import tqdm

            self._close()
            shape = "{desc}: {n_fmt}/{total_fmt} {bar} {elapsed}, {remaining} left"
            self._bar = tqdm(total=total, desc=named, bar_format=shape, leave=False, dynamic_ncols=True)
            self._step = named
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._step = None, ""
