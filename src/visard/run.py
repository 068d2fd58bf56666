"""A run over many sources: each is hidden or reported, finished ones are recognised, nothing stops the others."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from visard.errors import Interrupted, SourceError, TargetError, UsageError, VisardError
from visard.found import Found
from visard.gallery import gather
from visard.methods import make
from visard.pipeline import Engine, Task, deidentify
from visard.publish import publish
from visard.report.page import render
from visard.report.proof import Finished, Proof, Prove
from visard.report.record import append, document, failure, load, sha256
from visard.roles import Roles
from visard.sources import Job, numbered, plan
from visard.stores import diary, is_far
from visard.types import Prepared, Report

JOURNAL = ".visard-journal"


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
    *,
    regions: Mapping[str, Found] | None = None,
    jobs: int = 2,
    watch: Watch | None = None,
    prove: Prove | None = None,
    engine: Engine = deidentify,
) -> Run:
    """Hide people in files, folders and patterns; write the results and report.json and report.html to out.

    Where the policy is of a variant, results and reports bear its number: photo-2.jpg, report-2.json.

    regions: what to hide in each source, by its name, instead of looking. jobs: sources at a time. prove: attacks the
    results when all are there, for the report. engine: who hides each source. Every
    failure is one entry of the report; the exit code is that of the failures' kind, 1 for several kinds.
    A method that hides people in groups looks at all sources first. Raises UsageError or TargetError when
    nothing could be begun, Interrupted after Ctrl-C.
    """
    variant = task.policy.variant
    planned = plan([str(source) for source in sources], out, variant)
    whole, report = numbered(out, variant), numbered(Path("report"), variant).name
    folder, stem = (out.parent, f"{whole.name}.report") if _single(planned, whole) else (out, report)
    watch = watch or Watch()
    watch.planned(len(planned))
    _refuse_far(planned, task, prove)
    pictures = [(job.name, job.source) for job in planned if job.fault is None]
    task = replace(task, gallery=gather(pictures, task.policy, regions, lambda name: watch.moved(name, "find", 1, 1)))
    if task.policy.identity == "person":
        task = replace(task, roles=Roles())
    if task.people and task.gallery.methods:
        raise UsageError("nobody can be spared from groups", hint="leave those pictures out of the folder")
    return _Batch(task, regions, folder, stem, watch, engine).work(planned, jobs, prove)


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


class _Batch:
    def __init__(
        self,
        task: Task,
        regions: Mapping[str, Found] | None,
        folder: Path,
        stem: str,
        watch: Watch,
        engine: Engine = deidentify,
    ) -> None:
        self.engine = engine
        self.task, self.regions, self.watch = task, regions, watch
        self.folder, self.stem = folder, stem
        self.settings = json.loads(json.dumps(task.to_dict()))
        self.journal = folder / (JOURNAL if stem == "report" else f".{stem}-journal")
        self.journal = diary(folder) if is_far(folder) else self.journal
        try:
            self.journal.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TargetError(
                f"cannot make the folder: {error.strerror}", where=folder, hint="choose another --out"
            ) from error
        earlier = [*load(folder / f"{stem}.json"), *load(self.journal)]
        self.earlier = {report.source: report for report in earlier if report.status != "failed"}
        self.codes: set[int] = set()
        self._stop, self._writing = threading.Event(), threading.Lock()

    def work(self, planned: Sequence[Job], jobs: int, prove: Prove | None = None) -> Run:
        """Do the jobs, `jobs` at a time, and write the report whatever happens; then add the proof, if any."""
        reports: list[Report | None] = [None] * len(planned)
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="visard-job")
        waiting: dict[Future[Report], int] = {}
        try:
            todo = iter(enumerate(planned))
            while True:
                for index, job in islice(todo, 2 * jobs - len(waiting)):
                    waiting[pool.submit(self.do, job)] = index
                if not waiting:
                    break
                for future in wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    reports[waiting.pop(future)] = future.result()
        except KeyboardInterrupt:
            self._stop.set()
            raise Interrupted("stopped", hint="run the same command again to go on where it stopped") from None
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            for future, index in waiting.items():
                if not future.cancelled() and future.exception() is None:
                    reports[index] = future.result()
            page = self.conclude([report for report in reports if report is not None])
        finished = tuple(report for report in reports if report is not None)
        proof = None
        if prove is not None:
            done = [(job, report) for job, report in zip(planned, reports, strict=True) if report is not None]
            ready = [Finished(j.name, j.source, j.target) for j, report in done if report.status != "failed"]
            proof = prove(ready, self.task.policy, self.task.people)
            page = self.conclude(finished, proof)
        return Run(finished, self.folder, page, self._exit_code(), proof)

    def do(self, job: Job) -> Report:
        """Hide one source; a failure becomes an entry of the report, and the batch goes on."""
        error: VisardError | None = None
        try:
            report = self._skip(job) or self._hide(job)
        except Interrupted:
            raise
        except VisardError as caught:
            error = caught
        except (OSError, MemoryError) as caught:
            error = SourceError(f"cannot be worked on: {caught}", where=job.source, hint="check the file and the disk")
        except Exception as caught:  # a fault of ours in one file must not lose the others
            error = VisardError(
                f"unexpected {type(caught).__name__}: {caught}",
                where=job.source,
                hint="please report this file's kind",
            )
        if error is not None:
            self.codes.add(error.exit_code)
            report = failure(job.name, str(error), self.settings)
        self.watch.ended(report, error)
        return report

    def conclude(self, reports: Sequence[Report], proof: Proof | None = None) -> Path:
        """Write report.json and report.html, then drop the journal."""
        page = self.folder / f"{self.stem}.html"
        known = {report.source for report in reports}
        rest = [replace(r, status="skipped") for name, r in self.earlier.items() if name not in known]
        everything = [*reports, *(r for r in rest if (self.folder / r.output).exists())]
        with publish(self.folder / f"{self.stem}.json", overwrite=True) as draft:
            draft.write_text(json.dumps(document(everything, proof), indent=1) + "\n", "utf-8")
        with publish(page, overwrite=True) as draft:
            draft.write_text(render(everything, lambda report: self.folder / report.output, proof), "utf-8")
        self.journal.unlink(missing_ok=True)
        return page

    def _hide(self, job: Job) -> Report:
        fault = job.fault or self.task.gallery.faults.get(job.name)
        if fault is not None:
            raise fault
        known = self.task.gallery.found.get(job.name)
        if known is None and self.regions is not None:
            known = self.regions.get(job.name) or self.regions.get(job.source.name) or Found({})
        done = self.engine(job.source, job.target, self.task, known, self._progress(job.name))
        report = replace(done, source=job.name, output=self._below(job.target))
        with self._writing:
            append(self.journal, report)
        return report

    def _below(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix() if is_far(target) else os.path.relpath(target, self.folder)

    def _skip(self, job: Job) -> Report | None:
        """Return the earlier report of a source that is finished: same bytes, same settings, same result."""
        earlier = self.earlier.get(job.name)
        if earlier is None or job.fault is not None or self.regions is not None or self.task.overwrite:
            return None
        if self.task.password is not None:
            return None  # nothing that is kept tells one password from another
        same = (
            earlier.policy == self.settings
            and job.target.is_file()
            and job.source.is_file()
            and earlier.output_sha256 == sha256(job.target)
            and earlier.source_sha256 == sha256(job.source)
        )
        return replace(earlier, status="skipped") if same else None

    def _progress(self, name: str) -> Callable[[str, int, int | None], None]:
        def moved(room: str, done: int, total: int | None) -> None:
            if self._stop.is_set():
                raise Interrupted("stopped")
            self.watch.moved(name, room, done, total)

        return moved

    def _exit_code(self) -> int:
        return 0 if not self.codes else self.codes.pop() if len(self.codes) == 1 else VisardError.exit_code
