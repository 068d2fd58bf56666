"""visard live: a stream in, its hidden frames out, while it runs."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from visard.cli.shared import build_policy, ensure_models, parse_settings, policy_options
from visard.methods import METHODS
from visard.policy import IDENTITIES

if TYPE_CHECKING:
    from visard.live.tally import Tally

_EVERY = 1.0
"""Seconds between lines on how it goes."""


@click.command("live")
@click.argument("source")
@click.option("--out", default="window", show_default=True, metavar="TARGET", help="window, camera, a file or a URL.")
@click.option("--method", type=str, help=f"How to hide: {', '.join(METHODS)} (default surrogate).")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Any setting of the method.")
@policy_options
@click.option("--seed", type=int, help="Whole number that every random choice derives from (default 0).")
@click.option("--identity", type=click.Choice(IDENTITIES), help="Who gets one new face (default picture).")
@click.option(
    "--delay",
    type=click.FloatRange(0.2, 10.0),
    default=0.8,
    show_default=True,
    help="Seconds from a frame's coming to its showing.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--offline", is_flag=True, help="Never fetch a model.")
@click.option("--quiet", is_flag=True, help="Print nothing but failures.")
def command(
    source: str,
    out: str,
    method: str | None,
    pairs: tuple[str, ...],
    seed: int | None,
    identity: str | None,
    delay: float,
    overwrite: bool,
    offline: bool,
    quiet: bool,
    **choices: Any,
) -> int:
    """Hide the people in a camera (by its number), an HTTP, RTSP, TCP or UDP stream, or a file, while it runs.

    Ctrl-C, or closing the window, ends it; a file is whole then. What could not be checked in time is not shown.
    """
    policy = build_policy(**choices, method=method, seed=seed, identity=identity, settings=parse_settings(pairs))
    ensure_models(offline, quiet)
    from visard.live.show import show

    tally = show(source, out, policy, delay=delay, overwrite=overwrite, watch=_Line(quiet))
    if not quiet:
        click.echo(tally.line(), err=True)
    return 0


class _Line:
    """Says once a second how it goes: in one place on a terminal, line under line elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._last = quiet, monotonic()
        self._end = "\r" if sys.stderr.isatty() else "\n"

    def __call__(self, tally: Tally) -> None:
        if self._quiet or monotonic() - self._last < _EVERY:
            return
        self._last = monotonic()
        click.echo(tally.line() + self._end, err=True, nl=False)
