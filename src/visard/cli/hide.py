"""visard hide: sources in, hidden and checked results out."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visard.cli.secrets import ask, password_options, recipients
from visard.cli.shared import build_policy, ensure_models, existing, parse_settings, policy_options, refuse_unnamed
from visard.errors import TargetError, UsageError, exit_code, named
from visard.methods import METHODS, has_identities, make, refuse_misfit
from visard.methods.keyed import needs_password
from visard.policy import IDENTITIES, Policy
from visard.stores import place
from visard.types import Removing
from visard.vault.keys import Recipients, Sealing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from visard.people import People
    from visard.pipeline import Engine, Task
    from visard.report.proof import Finished, Proof, Prove


@click.command("hide")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--out", "out_name", help="Folder, or file for one source (default visard-out), or a store's URL.")
@click.option("--method", type=str, help=f"How to hide: {', '.join(METHODS)} (default surrogate).")
@click.option("--strength", type=float, help="Above 0 and up to 1, for methods that have one.")
@click.option("--k", type=int, help="People in a group, at least, for methods that hide people in groups.")
@click.option("--similar", metavar="LIST", help="In what a new face resembles: age,sex,skin, or some (default all).")
@click.option("--different", is_flag=True, help="A new face resembles in nothing: more private, less plausible.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any setting of the method, such as colour=white.",
)
@policy_options
@click.option("--seed", type=int, help="Whole number that every random choice derives from (default 0).")
@click.option("--identity", type=click.Choice(IDENTITIES), help="Who gets one new face (default picture).")
@click.option("--variants", type=click.IntRange(1), help="So many results a source, with other new faces in each.")
@click.option("--keep-person", multiple=True, type=existing, metavar="PHOTO", help="Spare this person.")
@click.option("--only-person", multiple=True, type=existing, metavar="PHOTO", help="Hide just this person.")
@click.option("--track", "tracks", multiple=True, type=int, metavar="N", help="Hide just this subject, from `find`.")
@click.option("--point", "points", multiple=True, metavar="X,Y", help="Hide just who is at this pixel.")
@click.option("--box", "boxes", multiple=True, metavar="X0,Y0,X1,Y1", help="Hide just what is in this box.")
@click.option("--regions", type=existing, help="Hide these regions, from `visard find`, instead of looking.")
@click.option("--seal", is_flag=True, help="Seal the original pixels of what is hidden, for --recipient or a password.")
@click.option("--seal-file", is_flag=True, help="Seal the whole source file instead.")
@click.option("--recipient", "recipient_keys", multiple=True, metavar="KEY", help="Who may open it: a key, or a file.")
@password_options
@click.option("--codec", default="h264", show_default=True, help="Codec of videos: h264, hevc or vp9.")
@click.option(
    "--crf",
    type=click.IntRange(0, 51),
    default=20,
    show_default=True,
    help="Quality of videos, less is better.",
)
@click.option(
    "--audio",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="A voice identifies.",
)
@click.option("--keep-metadata", multiple=True, metavar="TAG", help="Keep one safe tag, such as DateTimeOriginal.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Sources at a time.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="Who works: this machine, or the workers of a Ray cluster.")  # fmt: skip
@click.option("--strict", is_flag=True, help="A source in which nothing is found is an error.")
@click.option("--overwrite", is_flag=True, help="Replace results that exist.")
@click.option("--prove", is_flag=True, help="Attack the results, and report who could still be recognised.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--dry-run", is_flag=True, help="Print the resolved policy as TOML, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of the results' paths.")
@click.option("--quiet", is_flag=True, help="Print nothing but failures.")
def command(
    sources: tuple[str, ...],
    out_name: str | None,
    method: str | None,
    strength: float | None,
    k: int | None,
    similar: str | None,
    different: bool,
    pairs: tuple[str, ...],
    seed: int | None,
    identity: str | None,
    variants: int | None,
    dry_run: bool,
    offline: bool,
    quiet: bool,
    as_json: bool,
    prove: bool,
    regions: Path | None,
    keep_person: tuple[Path, ...],
    only_person: tuple[Path, ...],
    jobs: int,
    engine: str,
    **rest: Any,
) -> int:
    """Hide the people in files, folders, patterns, or standard input (-).

    Results and report.json and report.html go to --out; finished files are recognised and skipped. With --prove the
    report says who could still be recognised in them by an attacker who has the originals.
    """
    choices = {key: rest.pop(key) for key in ("policy_file", "min_score", "margin", "shape", "hide")}
    if different and similar is not None:
        raise UsageError("--similar and --different contradict each other", hint="give one of them")
    settings = parse_settings(pairs, strength=strength, k=k, similar="" if different else similar)
    policy = build_policy(**choices, method=method, seed=seed, identity=identity, settings=settings)
    _refuse_wrong_settings(policy, choices["policy_file"])
    policies = [policy] if variants is None else _variants(policy, variants)
    from visard.whom import parse_whom

    whom = parse_whom(*(rest.pop(key) for key in ("tracks", "points", "boxes")))
    sealing, password = _sealing(rest, policy)
    if dry_run:
        click.echo(policy.to_toml(), nl=False)
        return 0
    if not quiet:
        _tell_choices(policy)
    from visard.media.write import Output
    from visard.warmth import warm_up

    output = Output(rest["codec"], rest["crf"], rest["audio"], rest["keep_metadata"])
    ensure_models(offline, quiet, policy.rules)
    warm_up(policy.rules)
    from visard.people import load_people
    from visard.pipeline import Task

    people = load_people(keep_person, only_person)
    task = Task(
        policy, output, people, whom, rest["strict"], rest["overwrite"], sealing=sealing, password=password
    )  # fmt: skip
    refuse_unnamed("--out", out_name)
    out = place(out_name) if out_name else None
    if "-" in sources:
        if variants is not None:
            raise UsageError("standard input has no variants", hint="hide a file")
        if prove:
            raise UsageError("standard input cannot be proved", hint="hide files, several of each person")
        if regions or as_json:
            raise UsageError("standard input has no regions and no report", hint="hide a file")
        return _from_stdin(sources, out, task, quiet)
    prover = _prover(quiet) if prove else None
    with _engine(engine, jobs, policy) as work:
        tasks = [replace(task, policy=one) for one in policies]
        return _run(sources, out or Path("visard-out"), tasks, regions, as_json, quiet, prover, work)


@contextmanager
def _engine(name: str, jobs: int, policy: Policy) -> Iterator[Engine]:
    """Give whoever hides the sources: this process, or as many workers of a cluster as sources are hidden at a time."""
    if name == "ray":
        from visard.cluster import cluster

        with cluster(jobs, policy) as work:
            yield work
    else:
        from visard.pool import Pool

        yield Pool(jobs)


def _sealing(rest: dict[str, Any], policy: Policy) -> tuple[Sealing | None, str | None]:
    """Return what to seal and for whom, and the password under which faces are hidden, where one decides the method.

    Raises UsageError where something is named without what it is for, or the other way round.
    """
    password = ask(rest["password"], rest["password_env"], rest["password_file"], twice=True)
    if name := needs_password(policy):
        if password is None:
            raise UsageError(f"{name} hides under a password", hint="give one of the --password options")
        # Whoever tries passwords at the face must learn nothing that opens the seal.
        return _sealed(rest, recipients(rest["recipient_keys"], None), "--recipient KEY"), password
    return _sealed(rest, recipients(rest["recipient_keys"], password), "--recipient KEY or --password"), None


def _sealed(rest: dict[str, Any], chosen: Recipients, ways: str) -> Sealing | None:
    if rest["seal"] and rest["seal_file"]:
        raise UsageError("--seal and --seal-file contradict each other", hint="give one of them")
    if not rest["seal"] and not rest["seal_file"]:
        if chosen:
            raise UsageError("a recipient is named, but nothing is to be sealed", hint="add --seal or --seal-file")
        return None
    if not chosen:
        raise UsageError("nobody would be able to open the seal", hint=f"add {ways}")
    return Sealing(chosen, rest["seal_file"])


def _refuse_wrong_settings(policy: Policy, policy_file: Path | None) -> None:
    """Raise UsageError, naming the policy file, before anything is begun."""
    try:
        for kind, rule in policy.rules.items():
            refuse_misfit(make(rule.method, rule.settings), kind, policy.rules)
    except UsageError as error:
        raise UsageError(error.what, where=policy_file or "", hint=error.hint) from error


def _variants(policy: Policy, count: int) -> list[Policy]:
    """Return so many policies, each with other identities; raises UsageError where no method has any."""
    methods = [make(rule.method, rule.settings) for rule in policy.rules.values()]
    if not any(has_identities(method) for method in methods):
        names = ", ".join(dict.fromkeys(method.name for method in methods))
        raise UsageError(f"{names}: no new identities, so no variants", hint="choose surrogate or inpaint")
    return [replace(policy, variant=number + 1) for number in range(count)]


def _tell_choices(policy: Policy) -> None:
    """Print what a method chose by itself."""
    for kind, rule in policy.rules.items():
        method = make(rule.method, rule.settings)
        for line in method.told() if isinstance(method, Removing) else ():
            click.echo(f"{kind}: {line}", err=True)


def _run(
    sources: tuple[str, ...],
    out: Path,
    tasks: Sequence[Task],
    regions: Path | None,
    as_json: bool,
    quiet: bool,
    prove: Prove | None,
    engine: Engine,
) -> int:
    from visard.cli.progress import Bar, left_alone
    from visard.regions import load_regions
    from visard.report.proof import in_words
    from visard.report.record import document
    from visard.reveal import UNDER
    from visard.run import hide
    from visard.sources import passed_over

    known = load_regions(regions) if regions else None
    runs = []
    for task in tasks:
        with Bar(quiet, show_results=not as_json and not quiet, out=out) as bar:
            run = hide(sources, out, task, engine, regions=known, watch=bar, prove=prove)
        runs.append(run)
        if not as_json and not quiet:
            click.echo(bar.summary(run), err=True)
            for report in run.reports:
                for note in report.notes:
                    if len(run.reports) == 1 or note.startswith(UNDER):
                        click.echo(f"{report.source}: {note}", err=True)
            for line in in_words(run.proof) if run.proof else ():
                click.echo(line, err=True)
    if not as_json and not quiet and (left := passed_over(sources, skip=out)):
        click.echo(left_alone(left), err=True)
    if as_json:
        told = [document(run.reports, run.proof) for run in runs]
        click.echo(json.dumps(told if tasks[0].policy.variant else told[0], indent=1))
    return exit_code(run.exit_code for run in runs)


def _prover(quiet: bool) -> Prove:
    """Return the burglar, who is loaded only when a proof is asked for."""
    from visard.attack.prove import prove
    from visard.cli.progress import Steps

    def attack(finished: Sequence[Finished], policy: Policy, people: People) -> Proof:
        with Steps(quiet) as steps:
            return prove(finished, policy, people, lambda done, total: steps("", "attack", done, total))

    return attack


def _from_stdin(sources: tuple[str, ...], out: Path | None, task: Any, quiet: bool) -> int:
    from visard.pipeline import deidentify

    if sources != ("-",):
        raise UsageError("standard input cannot be mixed with other sources", hint="hide it in a run of its own")
    if out is None and task.sealing:
        raise UsageError("a seal may need a file of its own beside the result", hint="give --out FILE")
    if out is None and sys.stdout.isatty():
        raise TargetError("a picture will not be printed on a terminal", hint="give --out FILE or redirect the output")
    with tempfile.TemporaryDirectory(prefix="visard-") as folder:
        source = Path(folder, "standard input")
        source.write_bytes(sys.stdin.buffer.read())
        target = out or Path(folder, "result")
        with named(source, source.name):
            deidentify(source, target, task)
        if out is None:
            sys.stdout.buffer.write(target.read_bytes())
            sys.stdout.buffer.flush()
        elif not quiet:
            click.echo(str(out))
    return 0
