"""visard count: how many people, when, of which sex and age; before and after hiding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from visard.cli.progress import Steps
from visard.cli.shared import ensure_models
from visard.errors import UsageError, VisardError, exit_code

if TYPE_CHECKING:
    from visard.evaluate.count import Counted
    from visard.sources import Entry


@click.command("count")
@click.argument("source")
@click.argument("hidden", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the numbers of every second.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(source: str, hidden: str | None, as_json: bool, offline: bool, quiet: bool) -> int:
    """Count the people in SOURCE, a picture, a video or a folder; and in HIDDEN, what `visard hide` made of it.

    Prints people a frame, and the shares of sexes and age bands with their 95 % Wilson intervals. Nothing about any
    single person is printed or kept.
    """
    from visard.evaluate.count import summary
    from visard.sources import listing

    given = {name: listing([path]) for name, path in (("before", source), ("after", hidden)) if path is not None}
    for path, entries in zip((source, hidden), given.values(), strict=False):
        if not entries:
            raise UsageError("no picture and no video", where=path, hint="name one, or a folder that holds some")
    if hidden is not None and len(given["before"]) != len(given["after"]):
        numbers = " and ".join(str(len(entries)) for entries in given.values())
        raise UsageError(f"{numbers} files cannot be compared", where=hidden, hint="give the results of SOURCE alone")
    ensure_models(offline, quiet, ("face", "person"))
    rows, failures = _each(list(zip(*given.values(), strict=True)), quiet)
    for failure in failures:
        click.echo(f"visard: {failure}", err=True)
    code = exit_code(failure.exit_code for failure in failures)
    if not rows:
        return code
    given = {name: [entries[n] for entries, _ in rows] for n, name in enumerate(given)}
    counted = {name: [own[n] for _, own in rows] for n, name in enumerate(given)}
    if as_json:
        click.echo(json.dumps({name: _plain(given[name], own) for name, own in counted.items()}, indent=1))
        return code
    from visard.evaluate.table import Table, cell, gaps

    scores = {name: summary(own) for name, own in counted.items()}
    lines = [[column[0].name, *map(cell, column)] for column in zip(*scores.values(), strict=True)]
    click.echo(Table("Counted", ["people, and shares in %", *scores], lines, gaps(scores)).markdown(), nl=False)
    for name, own in counted.items():
        if len(own) == 1 and len(own[0].people) > 1:
            click.echo(f"\n{name}, people by second: " + " ".join(f"{mean:.1f}" for _, mean in own[0].a_second()))
    return code


def _each(
    pairs: Sequence[tuple[Entry, ...]], quiet: bool
) -> tuple[list[tuple[tuple[Entry, ...], list[Counted]]], list[VisardError]]:
    """Return what was counted, by source or by source and result, and why the others were not: neither side is then."""
    rows, failures = [], []
    with Steps(quiet) as steps:
        for entries in pairs:
            try:
                rows.append((entries, [_counted(entry, steps) for entry in entries]))
            except VisardError as error:
                failures.append(error)
    return rows, failures


def _counted(entry: Entry, steps: Steps) -> Counted:
    from visard.evaluate.count import count
    from visard.media.read import probe

    if entry.fault is not None:
        raise entry.fault
    frames = probe(entry.file).frames
    return count(entry.file, lambda index: steps(entry.name.as_posix(), "count", index + 1, frames or index + 1))


def _plain(entries: Sequence[Entry], counted: Sequence[Counted]) -> dict[str, Any]:
    from visard.evaluate.count import summary

    sources = [
        {
            "source": entry.name.as_posix(), "frames": len(one.people), "people_in_all": len(one.subjects),
            "people_a_second": [round(mean, 2) for _, mean in one.a_second()],
        }
        for entry, one in zip(entries, counted, strict=True)
    ]  # fmt: skip
    return {"sources": sources, "shares": [asdict(score) for score in summary(counted)]}
