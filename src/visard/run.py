"""A run over many sources: each is hidden or reported, finished ones are recognised, nothing stops the others."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from visard.errors import Interrupted, NothingFound, TargetError, UsageError, VisardError, as_failure, exit_code
from visard.found import Found
from visard.gallery import gather
from visard.methods import make
from visard.pipeline import Engine, Order, Task, nothing_in
from visard.publish import publish
from visard.regions import to_json
from visard.report.page import render
from visard.report.proof import Finished, Proof, Prove
from visard.report.record import append, document, failure, is_report, load, sha256
from visard.roles import Roles
from visard.sources import Job, numbered, plan
from visard.stores import diary, is_far
from visard.types import Prepared, Report
from visard.vault.beside import gone

JOURNAL = ".visard-journal"

_LOOKS = 4
"""Results at a time that are compared with what an earlier run reported."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to: one report a file, where the results lie, the exit code, and the proof that was asked for."""

    reports: tuple[Report, ...]
    folder: Path
    page: Path
    exit_code: int
    proof: Proof | None = None


class Watch:
    """Told what happens, from several threads; the default looks away. Every method may be overridden."""

    def planned(self, jobs: int) -> None:
        """Called once, with the number of sources."""

    def moved(self, name: str, room: str, done: int, total: int | None) -> None:
        """Called for each frame of a source that a room has done."""

    def ended(self, report: Report, error: VisardError | None) -> None:
        """Called when a source is done, skipped or failed."""


def hide(
    sources: Sequence[str | Path],
    out: Path,
    task: Task,
    engine: Engine,
    *,
    regions: Mapping[str, Found] | None = None,
    watch: Watch | None = None,
    prove: Prove | None = None,
) -> Run:
    """Hide people in files, folders and patterns; write the results and report.json and report.html to out.

    Where the policy is of a variant, results and reports bear its number: photo-2.jpg, report-2.json.

    engine: who hides the sources. regions: what to hide in sources, by name; others are searched. prove: attacks
    the results when all are there, for the report. Every failure is one entry of the report; the exit code is that of
    the failures' kind, 1 for several kinds.
    A method that hides people in groups looks at all sources first. Raises UsageError or TargetError when
    nothing could be begun, Interrupted after Ctrl-C.
    """
    variant = task.policy.variant
    planned = plan([str(source) for source in sources], out, variant)
    whole, report = numbered(out, variant), numbered(Path("report"), variant).name
    folder, stem = (out.parent, f"{whole.name}.report") if _single(planned, whole) else (out, report)
    watch = watch or Watch()
    if not planned and task.strict:
        raise NothingFound(
            "no picture and no video to hide", where=sources[0], hint="check the folder, or drop --strict"
        )
    watch.planned(len(planned))
    _refuse_far(planned, task, prove)
    regions = None if regions is None else _listed(planned, regions)
    pictures = [(job.name, job.source) for job in planned if job.fault is None]
    task = replace(task, gallery=gather(pictures, task.policy, regions, lambda name: watch.moved(name, "find", 1, 1)))
    if task.policy.identity == "person":
        task = replace(task, roles=Roles())
    if task.whom.tracks and len(planned) > 1:
        raise UsageError("numbers of subjects are one source's own", hint="give --track in a run for each source")
    if task.people and task.gallery.methods:
        raise UsageError("nobody can be spared from groups", hint="leave those pictures out of the folder")
    return _Batch(planned, task, regions, folder, stem, watch).work(engine, prove)


def _refuse_far(planned: Sequence[Job], task: Task, prove: Prove | None) -> None:
    """Raise UsageError for what needs more of a store than to fetch sources and take results."""
    if not any(is_far(job.source) or is_far(job.target) for job in planned):
        return
    grouped = any(isinstance(make(rule.method, rule.settings), Prepared) for rule in task.policy.rules.values())
    for asked, what in ((grouped, "hide in groups"), (prove, "--prove"), (task.sealing, "--seal")):
        if asked:
            raise UsageError(f"object stores do not go with {what}", hint="copy the files to this machine first")


def _single(planned: Sequence[Job], out: Path) -> bool:
    return len(planned) == 1 and planned[0].target == out


def _listed(planned: Sequence[Job], regions: Mapping[str, Found]) -> dict[str, Found]:
    """Return job name -> regions, for those that have some: of others it is not known that nobody is in them.

    What was found by itself has no folder before its name, by which two files could be mistaken for each other.
    """
    names = Counter(job.source.name for job in planned)
    by_file = {job.name: regions.get(job.source.name) for job in planned if names[job.source.name] == 1}
    found = {job.name: regions.get(job.name) or by_file.get(job.name) for job in planned}
    return {name: own for name, own in found.items() if own is not None}


def _refuse_others(*reports: Path) -> None:
    """Raise TargetError for a file in a report's place that is none: runs replace their own reports alone."""
    for path in reports:
        try:
            ours = not path.exists() or is_report(path)
        except OSError as error:
            raise TargetError(f"cannot be read: {error.strerror}", where=path, hint="choose another --out") from error
        if not ours:
            raise TargetError("exists already, and is no report", where=path, hint="choose another --out")


class _Batch:
    def __init__(
        self,
        planned: Sequence[Job],
        task: Task,
        regions: Mapping[str, Found] | None,
        folder: Path,
        stem: str,
        watch: Watch,
    ) -> None:
        self.planned, self.task, self.regions, self.watch = planned, task, regions, watch
        self.folder, self.stem = folder, stem
        self.settings = json.loads(json.dumps(task.to_dict()))
        self.journal = folder / (JOURNAL if stem == "report" else f".{stem}-journal")
        self.journal = diary(folder) if is_far(folder) else self.journal
        if not task.overwrite:
            _refuse_others(folder / f"{stem}.json", folder / f"{stem}.html")
        try:
            self.journal.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TargetError(
                f"cannot make the folder: {error.strerror}", where=folder, hint="choose another --out"
            ) from error
        try:
            self.journal.touch()
        except OSError as error:
            what = f"no report can be written: {error.strerror}"
            raise TargetError(what, where=folder, hint="choose another --out") from error
        earlier = [*load(folder / f"{stem}.json"), *load(self.journal)]
        self.earlier = {report.source: report for report in earlier if report.status != "failed"}
        self.reports: dict[int, Report] = {}
        self.codes: set[int] = set()
        self._writing = threading.Lock()

    def work(self, engine: Engine, prove: Prove | None = None) -> Run:
        """Have the jobs done, and write the report whatever happens; then add the proof, if any."""
        try:
            with closing(self._orders()) as orders:
                engine(orders, self.task, self.ended, self.moved)
        except KeyboardInterrupt:
            raise Interrupted("stopped", hint="run the same command again to go on where it stopped") from None
        finally:
            page = self.conclude()
        proof = None
        if prove is not None:
            done = [(self.planned[number], report) for number, report in sorted(self.reports.items())]
            ready = [Finished(j.name, j.source, j.target) for j, report in done if report.status != "failed"]
            proof = prove(ready, self.task.policy, self.task.people)
            page = self.conclude(proof)
        return Run(self._finished(), self.folder, page, exit_code(self.codes), proof)

    def ended(self, number: int, result: Report | VisardError) -> None:
        """Take down what a source came to: in the journal at once, so that a run that is killed goes on from there."""
        job = self.planned[number]
        if isinstance(result, Report):
            settings = {**result.policy, **self._given(job)}
            result = replace(result, source=job.name, output=self._below(job.target), policy=settings)
            try:
                with self._writing:
                    append(self.journal, result)
            except OSError as error:
                what = f"is done, but no report can tell: {error.strerror}"
                result = TargetError(what, where=job.target, hint="make room, and run it again with --overwrite")
        self._tell(number, result)

    def moved(self, number: int, room: str, done: int, total: int | None) -> None:
        """Tell how far a source is."""
        self.watch.moved(self.planned[number].name, room, done, total)

    def conclude(self, proof: Proof | None = None) -> Path:
        """Write report.json and report.html, then drop the journal."""
        page = self.folder / f"{self.stem}.html"
        reports = self._finished()
        # A failure, such as that another result stands in the way, says nothing of what an earlier run left there.
        known = {report.source for report in reports if report.status != "failed"}
        rest = [replace(r, status="skipped") for name, r in self.earlier.items() if name not in known]
        everything = [*reports, *(r for r in rest if (self.folder / r.output).exists())]
        with publish(self.folder / f"{self.stem}.json", overwrite=True) as draft:
            draft.write_text(json.dumps(document(everything, proof), indent=1) + "\n", "utf-8")
        with publish(page, overwrite=True) as draft:
            text = render(everything, lambda report: self.folder / report.output, proof)
            draft.write_text(text, "utf-8", "replace")  # some names are no text
        self.journal.unlink(missing_ok=True)
        return page

    def _orders(self) -> Generator[Order]:
        """Yield what is left to do; what is finished, or cannot be begun, is told at once."""
        pool = ThreadPoolExecutor(_LOOKS, thread_name_prefix="visard-look")
        try:
            for number, settled in enumerate(pool.map(self._settled, self.planned)):
                if settled is None:
                    job = self.planned[number]
                    yield Order(number, job.source, job.target, self._known(job))
                else:
                    self._tell(number, settled)
        finally:
            pool.shutdown(cancel_futures=True)

    def _settled(self, job: Job) -> Report | VisardError | None:
        try:
            done = self._skip(job)
            if done is not None and done.nothing_found and self.task.strict:
                return nothing_in(job.source)
            return done or job.fault or self.task.gallery.faults.get(job.name)
        except Exception as error:
            return as_failure(error, job.source)

    def _known(self, job: Job) -> Found | None:
        return self.task.gallery.found.get(job.name) or (self.regions or {}).get(job.name)

    def _given(self, job: Job) -> dict[str, str]:
        """Return what tells the regions that were given for a source from others."""
        own = (self.regions or {}).get(job.name)
        return {} if own is None else {"regions": hashlib.sha256(to_json({"": own}).encode()).hexdigest()}

    def _tell(self, number: int, result: Report | VisardError) -> None:
        """Keep a report, or make a failure an entry of the report."""
        error = result if isinstance(result, VisardError) else None
        if error is not None:
            self.codes.add(error.exit_code)
        name = self.planned[number].name
        report = result if isinstance(result, Report) else failure(name, result.advice, self.settings)
        self.reports[number] = report
        self.watch.ended(report, error)

    def _finished(self) -> tuple[Report, ...]:
        """Return the reports so far in the order of their sources."""
        return tuple(report for _, report in sorted(self.reports.items()))

    def _below(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix() if is_far(target) else os.path.relpath(target, self.folder)

    def _skip(self, job: Job) -> Report | None:
        """Return the earlier report of a source that is finished: same bytes, same settings, same result."""
        earlier = self.earlier.get(job.name)
        if earlier is None or job.fault is not None or self.task.overwrite:
            return None
        if self.task.password is not None:
            return None  # nothing that is kept tells one password from another
        same = (
            earlier.policy == self.settings | self._given(job)
            and job.target.is_file()
            and not gone(job.target, earlier.notes)
            and job.source.is_file()
            and earlier.output_sha256 == sha256(job.target)
            and earlier.source_sha256 == sha256(job.source)
        )
        return replace(earlier, status="skipped") if same else None
