"""visard attack: who is still recognised in pictures that were hidden?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from visard.cli.progress import Steps
from visard.cli.shared import ensure_models, existing
from visard.errors import UsageError

if TYPE_CHECKING:
    from visard.attack.looks import Look
    from visard.attack.pairs import Pair
    from visard.attack.score import Score


@click.command("attack")
@click.argument("clean", type=existing)
@click.argument("hidden", type=existing)
@click.option("--recognisers", default="dlib,pixels", show_default=True, help="Who attacks, separated by commas.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(clean: Path, hidden: Path, recognisers: str, offline: bool, quiet: bool) -> int:
    """Attack the pictures in HIDDEN with those in CLEAN: folders of the same names, one folder a person.

    Prints how often each recogniser knows the people again, beside the clear pictures and chance. Nothing about
    the faces is kept.
    """
    from visard.attack.pairs import match
    from visard.attack.recognisers import make
    from visard.evaluate.privacy import recognised
    from visard.evaluate.table import tabulate

    attackers = [make(name.strip()) for name in recognisers.split(",") if name.strip()]
    if not attackers:
        raise UsageError("--recognisers is empty", hint="give names, separated by commas")
    pairs = match(clean, hidden)
    ensure_models(offline, quiet)
    rows: list[tuple[dict[str, str], tuple[Score, ...]]] = []
    with Steps(quiet) as steps:
        looks = _found(pairs, steps)
        for number, attacker in enumerate(attackers):
            steps("", "attack", number, len(attackers))
            for case, shown in (("clear (ceiling)", [each.clear() for each in looks]), ("hidden", looks)):
                rows.append(({"pictures": case, "recogniser": attacker.name}, recognised(shown, attacker)))
    people = len({each.person for each in looks})
    left_out = f"; {len(pairs) - len(looks)} without a face are left out" if len(looks) < len(pairs) else ""
    click.echo(f"{len(looks)} pictures of {people} people, chance {100 / people:.1f} %{left_out}.", nl=False)
    click.echo(" Shares are in percent, with the 95 % Wilson interval and the number of trials.\n")
    click.echo(tabulate("Recognised", rows).markdown(), nl=False)
    return 0


def _found(pairs: Sequence[Pair], steps: Steps) -> list[Look]:
    from visard.attack.looks import look

    looks = []
    for number, pair in enumerate(pairs):
        steps("", "find", number, len(pairs))
        seen = look(pair.person, *pair.pixels())
        looks += [] if seen is None else [seen]
    if not looks:
        raise UsageError(f"no face in any of {len(pairs)} pictures", hint="give pictures of people's faces")
    return looks
