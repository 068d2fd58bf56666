"""visard evaluate: methods on pictures of known people, attacked and measured, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from visard.cli.progress import Steps
from visard.cli.shared import ensure_models, existing
from visard.errors import UsageError

if TYPE_CHECKING:
    from visard.evaluate.judge import Result

TABLES = ("anonygan", "sdn")
"""The seeds' tables that can be printed, as in evaluate/tables."""


@click.command("evaluate")
@click.option(
    "--data", type=existing, required=True, help="A folder or tar that holds one folder of pictures a person."
)
@click.option("--methods", required=True, help="NAME[:KEY=VALUE...], separated by commas.")
@click.option("--recognisers", default="dlib,pixels", show_default=True, help="Who attacks, separated by commas.")
@click.option("--people", type=int, default=100, show_default=True, help="How many people.")
@click.option("--pictures", type=int, default=4, show_default=True, help="How many pictures of each.")
@click.option(
    "--fold",
    type=click.Choice(["all", "tune", "judge"]),
    default="all",
    show_default=True,
    help="Half of the people: those whom methods may be tuned on, or those who judge.",
)
@click.option("--table", "seeds", multiple=True, type=click.Choice(TABLES), help="Print a published table too.")
@click.option("--out", type=existing, default=Path("visard-evaluation"), show_default=True, help="Folder for results.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    data: Path,
    methods: str,
    recognisers: str,
    people: int,
    pictures: int,
    fold: str,
    seeds: tuple[str, ...],
    out: Path,
    offline: bool,
    quiet: bool,
) -> int:
    """Hide pictures of known people with each method, attack them, and print what was measured.

    results.jsonl in --out grows line by line; what it holds for these pictures is not measured again. Beside it
    lie the tables (table.md) and a page with plots and hidden faces (report.html). The tables always hold the clear
    pictures (the ceiling), a grey hull over each face (what its context tells) and grey faces under their own hair
    (the floor of all that exchanges faces).
    """
    from visard.attack.cache import Cache
    from visard.attack.recognisers import make
    from visard.evaluate.judge import CLEAR, CONTEXT, COST, MASKED, PICTURES, Judge, add_result, described, load_results
    from visard.evaluate.people import load
    from visard.evaluate.seeds import reproduce
    from visard.evaluate.summary import as_text, summarise, write_summary

    chosen = _listed(methods, "--methods")
    attackers = _listed(recognisers, "--recognisers")
    for method in chosen:
        described(method)
    for name in attackers:
        make(name)
    ensure_models(offline, quiet)
    file = out / "results.jsonl"
    known = {(r.setup, r.method, r.group): r for r in load_results(file)}
    with Steps(quiet) as steps:
        judge = Judge(load(data, people, pictures, fold), Cache(), steps)  # type: ignore[arg-type]  # a Choice
        groups = (PICTURES, COST, *attackers)
        results: list[Result] = []
        for method in (CLEAR, CONTEXT, MASKED, *chosen):
            missing = [group for group in groups if (judge.setup, method, group) not in known]
            for result in judge.measure(method, missing) if missing else ():
                add_result(file, result)
                known[judge.setup, method, result.group] = result
            results += [known[judge.setup, method, group] for group in groups]
        tables = [*summarise(results), *(table for name in dict.fromkeys(seeds) for table in reproduce(name, results))]
        write_summary(judge, results, tables, out)
    click.echo(as_text(judge, tables), nl=False)
    return 0


def _listed(text: str, option: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"{option} is empty", hint="give names, separated by commas")
    return list(dict.fromkeys(names))
