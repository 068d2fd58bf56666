"""visard train anonygan, ciagan, ksame-net, estrange, body: the generators, on the loop that all recipes share."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import click

from visard.cli.shared import ensure_models, existing
from visard.cli.training import bars, need_torch


def _shared(command: Any) -> Any:
    """Add the options that every recipe of a network has."""
    for option in (
        click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint."),
        click.option("--minutes", type=click.FloatRange(0, min_open=True), required=True, help="How long to train."),
        click.option("--out", type=existing, required=True, help="Folder for the checkpoint, the log and the sheets."),
    ):
        command = option(command)
    return command


def _photos(command: Any) -> Any:
    """Add the options of recipes that learn from photos."""
    for option in (
        click.option("--apart", type=existing, help="Folder or tar of people who shall not teach it."),
        click.option("--data", type=existing, required=True, help="Folder of photos; folders inside it are people."),
    ):
        command = option(command)
    return command


@click.command("anonygan")
@_photos
@_shared
@click.option("--landmarks", type=click.Choice(["68", "29"]), default="68", help="Marks of a face (default 68).")
@click.option("--no-attention", is_flag=True, help="Without Landmark Attention: the seed's -LA.")
@click.option("--no-context", is_flag=True, help="Without Context Matching: the seed's -CM.")
def anonygan(landmarks: str, no_attention: bool, no_context: bool, **options: Any) -> None:
    """Teach AnonyGAN: a donor's face in the pose of the hidden one."""
    settings: dict[str, Any] = {"marks": int(landmarks), "attention": not no_attention}
    _train("anonygan", settings=settings | ({"context": 0.0} if no_context else {}), **options)


@click.command("ciagan")
@_photos
@_shared
@click.option("--people", type=click.IntRange(2), help="Donors to tell apart by number (default 1200).")
def ciagan(people: int | None, **options: Any) -> None:
    """Teach CIAGAN: a donor by number, over a sketch of the hidden face."""
    _train("ciagan", settings={} if people is None else {"people": people}, **options)


@click.command("ksame-net")
@_shared
@click.option("--proxies", type=click.IntRange(2), help="Donors to mix faces from (default 256).")
def ksame_net(proxies: int | None, **options: Any) -> None:
    """Teach k-Same-Net to draw donors, and mixtures of them; it needs no photos."""
    _train("ksame_net", settings={} if proxies is None else {"proxies": proxies}, **options)


@click.command("estrange")
@_photos
@_shared
def estrange(**options: Any) -> None:
    """Teach the live generator: somebody else who moves alike."""
    _train("estrange", **options)


@click.command("body")
@click.option("--data", type=existing, required=True, help="Folder of photos of people.")
@_shared
def body(**options: Any) -> None:
    """Teach the generator of bodies: somebody who fits the outline."""
    _train("body", **options)


COMMANDS = (anonygan, ciagan, ksame_net, estrange, body)


def _train(module: str, **options: Any) -> None:
    ensure_models(False)
    need_torch()
    out: Path = options["out"]
    recipe = importlib.import_module(f"visard.train.{module}")
    if "data" in options:
        options["told"] = bars()
    progress = recipe.train(**options, tick=lambda line: click.echo(json.dumps(line)))
    click.echo(f"{progress.images} pictures in {progress.steps} steps, {progress.seconds / 60:.0f} minutes", err=True)
    click.echo(str(out / "checkpoint.safetensors"))
