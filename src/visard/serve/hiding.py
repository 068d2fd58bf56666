"""The second step, in the worker: a job's files through the same corridor as `visard hide`, with reviewed regions."""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic
from typing import Any

from visard.errors import VisardError
from visard.pipeline import Task
from visard.policy import from_dict
from visard.pool import Pool
from visard.report.page import render
from visard.report.record import from_dict as report_from
from visard.report.record import to_dict
from visard.run import Watch
from visard.run import hide as run
from visard.serve.records import regions_of
from visard.serve.refusals import in_words
from visard.serve.worker import Tell
from visard.types import Report
from visard.warmth import warm_up

_OFTEN = 0.2


def hide(sources: dict[str, str], out: str, policy: dict[str, Any], *, tell: Tell) -> dict[str, Any]:
    """Hide who is to be hidden in the sources (path -> folder of its regions) and write the results to a folder.

    Tells of each source as it ends. Raises VisardError where nothing could be begun.
    """
    regions = {Path(source).name: regions_of(Path(folder)) for source, folder in sources.items()}
    task = Task(from_dict(policy), overwrite=True)
    warm_up(task.policy.rules)
    run(list(sources), Path(out), task, Pool(1), regions=regions, watch=_Watch(tell))
    return {}


def page(reports: list[dict[str, Any]], results: dict[str, str], *, tell: Tell) -> dict[str, Any]:
    """Return the report of a job as a page; results: path of each result by its name in the report."""
    return {"page": render([report_from(plain) for plain in reports], lambda report: Path(results[report.output]))}


class _Watch(Watch):
    def __init__(self, tell: Tell) -> None:
        self._tell, self._lock, self._last = tell, threading.Lock(), 0.0

    def moved(self, name: str, room: str, done: int, total: int | None) -> None:
        """Tell how far a source is, a few times a second."""
        with self._lock:
            if monotonic() - self._last < _OFTEN:
                return
            self._last = monotonic()
        self._tell({"moved": {"file": name, "room": room, "done": done, "total": total}})

    def ended(self, report: Report, error: VisardError | None) -> None:
        """Tell that a source is done, or why it is not."""
        fault = {} if error is None else {"fault": in_words(error)}
        self._tell({"ended": {"file": report.source, "report": to_dict(report), **fault}})
