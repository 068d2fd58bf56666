"""The library's verbs, the same as the command's: hide, find, check."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from visard.errors import UsageError, VerificationFailed
from visard.found import Found, refuse_misplaced
from visard.found import find as look
from visard.hider import Hider
from visard.media.read import probe, read
from visard.pipeline import Task
from visard.policy import Policy
from visard.pool import Pool
from visard.report.proof import Prove
from visard.run import Run, Watch
from visard.run import hide as run
from visard.types import Check
from visard.verify import meet, verify

Pathlike = str | Path


def hide(
    sources: Pathlike | Sequence[Pathlike],
    out: Pathlike,
    policy: Policy | None = None,
    *,
    task: Task | None = None,
    jobs: int = 2,
    watch: Watch | None = None,
    prove: Prove | None = None,
) -> Run:
    """Hide the people in files or folders and write the checked results and their report to out.

    policy: what to hide and how; task: everything else that a run can be told, with its own policy. prove: attacks the
    results, such as `visard.attack.prove.prove`; what it finds is in the report, and in the run's `proof`.
    Failures of single files are entries of the returned run; see `Run.exit_code`. Raises UsageError for both, and as
    `visard.run.hide` does.
    """
    if policy is not None and task is not None:
        raise UsageError("a task has a policy of its own", hint="give the policy to the task, Task(policy)")
    if not isinstance(task, Task | None):
        raise UsageError(f"the task is a {type(task).__name__}", hint="give a Task")
    _refuse_other(policy)
    named = [sources] if isinstance(sources, str | Path) else list(sources)
    for source in named:
        if not isinstance(source, str | Path):  # as text, some would name other files
            raise UsageError(f"a source is a {type(source).__name__}", hint="give paths, as text or Path")
    if not isinstance(out, str | Path) or out == "":  # as a path, no name is the current folder's
        raise UsageError(f"out is {out!r}", hint="give a folder, or a file for one source; the current folder is .")
    if not named:
        raise UsageError("there is nothing to hide", hint="give files or folders")
    return run(named, Path(out), task or Task(policy or Policy()), Pool(jobs), watch=watch, prove=prove)


def find(source: Pathlike, policy: Policy | None = None, seen: Callable[[int], None] = lambda index: None) -> Found:
    """Return the regions and tracks of one source, without hiding anything."""
    _refuse_other(policy)
    original = probe(Path(source))
    return look(original, functools.partial(read, original, exact=False), policy or Policy(), seen)


def check(
    before: Pathlike, after: Pathlike, policy: Policy | None = None, found: Found | None = None, *, ours: bool = True
) -> tuple[Check, ...]:
    """Return the checks of a hidden file against its original; the doubting room alone.

    found: the regions that should be hidden, looked for in `before` if not given. ours: whether the policy's methods
    made it; whoever else did may have left no face to see. Raises VerificationFailed, which carries all checks, unless
    every one passed.
    """
    _refuse_other(policy)
    policy = policy or Policy()
    hider, original = Hider(policy), probe(Path(before))
    frames = functools.partial(read, original, exact=False)
    if found is not None:
        refuse_misplaced(found, original, policy)
    found = found or look(original, frames, policy, lambda index: None)
    doubt = verify(Path(after), original, frames, found, hider, meet(original, frames, found, hider))
    checks = tuple(check for check in doubt.checks if ours or check.name != "face_lost")
    if not all(check.passed for check in checks):
        raise VerificationFailed(checks, where=after, hint="hide it again", said="")
    return checks


def _refuse_other(policy: object) -> None:
    if not isinstance(policy, Policy | None):
        raise UsageError(f"the policy is a {type(policy).__name__}", hint="give a Policy, or what load_policy returns")
