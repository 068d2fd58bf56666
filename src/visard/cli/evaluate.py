"""visard evaluate: methods on pictures of known people, attacked and measured, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from visard.cli.progress import Steps
from visard.cli.shared import ensure_models, existing
from visard.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visard.attack.recognisers.recogniser import Recogniser
    from visard.evaluate.film import Film
    from visard.evaluate.judge import Judge
    from visard.evaluate.results import Result

_AT_A_TIME = 2
"""Callers of a network, and so copies of it in memory: some 100 MB."""

TABLES = ("anonygan", "sdn")
"""The seeds' tables that can be printed, as in evaluate/tables."""


@click.command("evaluate")
@click.option("--data", type=existing, help="A folder or tar that holds one folder of pictures a person.")
@click.option("--video", "videos", multiple=True, type=existing, help="A video, for flicker; may be given repeatedly.")
@click.option("--methods", required=True, help="NAME[:KEY=VALUE...], separated by commas.")
@click.option(
    "--recognisers", default="dlib,pixels", show_default=True, help="Who attacks: names or .onnx files, by commas."
)
@click.option("--people", type=int, default=100, show_default=True, help="How many people.")
@click.option("--pictures", type=int, default=4, show_default=True, help="How many pictures of each.")
@click.option(
    "--fold",
    type=click.Choice(["all", "tune", "judge"]),
    default="all",
    show_default=True,
    help="Half of the people: those whom methods may be tuned on, or those who judge.",
)
@click.option("--learn-from", type=existing, help="Data of other people, to learn to undo methods (default the rest).")
@click.option("--table", "seeds", multiple=True, type=click.Choice(TABLES), help="Print a published table too.")
@click.option("--out", type=existing, default=Path("visard-evaluation"), show_default=True, help="Folder for results.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    data: Path | None,
    videos: tuple[Path, ...],
    methods: str,
    recognisers: str,
    people: int,
    pictures: int,
    fold: str,
    learn_from: Path | None,
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
    from visard.attack.recognisers import make
    from visard.evaluate.film import Film
    from visard.evaluate.hiding import described
    from visard.evaluate.seeds import reproduce
    from visard.evaluate.summary import as_text, steadiness, summarise, words, write_page, write_tables
    from visard.models.runtimes import copies

    if data is None and not videos:
        raise UsageError("nothing to measure on", hint="give --data, --video, or both")
    chosen = _listed(methods, "--methods")
    for method in chosen:
        described(method)
    attackers = [make(name) for name in _listed(recognisers, "--recognisers")]
    ensure_models(offline, quiet)
    kept = _Kept(out / "results.jsonl")
    lines, tables = [], []
    with Steps(quiet) as steps, copies(_AT_A_TIME):
        films = [Film(video) for video in videos]
        if data is not None:
            judge, unlearnt = _assemble(data, (people, pictures, fold), learn_from, attackers, steps)
            results = kept.measured(judge, chosen)
            lines = words(judge, unlearnt)
            tables = summarise(results) + [t for name in dict.fromkeys(seeds) for t in reproduce(name, results)]
        if films:
            tables.append(steadiness(kept.filmed(films, chosen, steps)))
        write_tables(lines, tables, out)
        if data is not None:
            write_page(judge, lines, results, tables, out)
    click.echo(as_text(lines, tables), nl=False)
    return 0


def _assemble(
    data: Path, size: tuple[int, int, str], learn_from: Path | None, attackers: Sequence[Recogniser], steps: Steps
) -> tuple[Judge, str]:
    """Return the judge of the asked people, and why there is nobody to learn from, if so."""
    from visard.attack.cache import Cache
    from visard.errors import ModelError
    from visard.evaluate.judge import Judge
    from visard.evaluate.people import load, others
    from visard.models.runtimes import need_torch

    people, pictures, fold = size
    shown, cache, unlearnt = load(data, people, pictures, fold), Cache(), ""  # type: ignore[arg-type]  # a Choice
    learners = None
    try:
        # Networks work side by side: threads of their own would wait for each other at every layer.
        need_torch("undoing methods").set_num_threads(1)
        taken, part = (0, "all") if learn_from else (people, fold)
        learners = Judge(others(learn_from or data, taken, pictures, part), cache, steps)  # type: ignore[arg-type]
    except (ModelError, UsageError) as error:
        unlearnt = error.what
    return Judge(shown, cache, steps, attackers, learners), unlearnt


class _Kept:
    """A file of results, which grows by what it does not hold yet."""

    def __init__(self, file: Path) -> None:
        from visard.evaluate.results import load_results

        self._file = file
        self._known = {(r.setup, r.method, r.group): r for r in load_results(file)}

    def measured(self, judge: Judge, methods: Sequence[str]) -> list[Result]:
        """Return the results of the references and the methods."""
        from visard.evaluate.results import REFERENCES

        results = []
        for method in (*REFERENCES, *methods):
            groups = judge.groups(method)
            missing = [group for group in groups if (judge.setup, method, group) not in self._known]
            for result in judge.measure(method, missing):
                self._add(result)
            results += [self._known[judge.setup, method, group] for group in groups]
        return results

    def filmed(self, films: Sequence[Film], methods: Sequence[str], steps: Steps) -> list[Result]:
        """Return the results of videos."""
        from visard.evaluate.hiding import described

        results = []
        for film in films:
            for done, method in enumerate(methods):
                steps(method, film.name, done, len(methods))
                if (film.setup, method, film.name) not in self._known:
                    self._add(film.measure(method, described(method)))
                results.append(self._known[film.setup, method, film.name])
        return results

    def _add(self, result: Result) -> None:
        from visard.evaluate.results import add_result

        add_result(self._file, result)
        self._known[result.setup, result.method, result.group] = result


def _listed(text: str, option: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"{option} is empty", hint="give names, separated by commas")
    return list(dict.fromkeys(names))
