"""Results of an evaluation: what was measured, of which method, by whom; kept line by line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from visard.attack.score import Score
from visard.errors import SourceError, TargetError

CLEAR, CONTEXT, MASKED = "clear (ceiling)", "grey hull (context)", "grey face (floor)"
"""What stands in every table beside the methods: nothing hidden, nothing left within the policy's outline, and
nothing left of the face itself while hair, ears and jaw are in sight."""

PICTURES, COST, RECOVERY = NO_RECOGNISER = ("pictures", "cost", "recovery")
"""The groups of measures that no recogniser is needed for."""

REFERENCES = (CLEAR, CONTEXT, MASKED)

AFTER = " after "
"""Between a recogniser's name and what was done before it was asked, in the name of a group."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one group of measures gave for one method. setup: a digest of the pictures and their number."""

    setup: str
    method: str
    group: str
    scores: tuple[Score, ...]


def shown_to(result: Result) -> tuple[str, str]:
    """Return what a recogniser was shown, and its name: a method's pictures, as they are or undone."""
    name, after, how = result.group.partition(AFTER)
    return (f"{result.method},{after}{how}" if after else result.method), name


def is_attack(result: Result) -> bool:
    """Return whether a result is a recogniser's."""
    return result.group not in NO_RECOGNISER


def load_results(file: Path) -> list[Result]:
    """Return the results of a file, one a line; none where it does not exist. Raises SourceError for a broken one."""
    if not file.exists():
        return []
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [Result(**{**row, "scores": tuple(Score(**score) for score in row["scores"])}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError("not a file of results", where=file, hint="move it away to begin anew") from error


def add_result(file: Path, result: Result) -> None:
    """Append one line to a file of results, making its folder; raises TargetError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(result)) + "\n")
    except OSError as error:
        raise TargetError(f"cannot write: {error.strerror}", where=file, hint="choose another --out") from error
