"""visard train: make what visard ships anew, from your own photos."""

from __future__ import annotations

from pathlib import Path

import click

from visard.cli.networks import COMMANDS
from visard.cli.shared import ensure_models, existing
from visard.cli.training import bars, files, need_torch, photos, seeded


@click.group("train")
def command() -> None:
    """Make anew, from photos whose people agreed, what new faces are made of."""


@command.command("donors")
@photos
@files
@click.option("--donors", type=click.IntRange(1), help="Donors to make (default: what the people allow, to 1670).")
@seeded
def train_donors(data: Path, out: Path, donors: int | None, seed: int, terms: str, overwrite: bool) -> None:
    """Blend donors, each of at least 8 people."""
    ensure_models(False)
    from visard.train.donors import train

    counts = train(data, out, donors, seed, terms, overwrite, bars())
    click.echo(f"{counts['donors']} donors from {counts['usable']} usable faces of {counts['photos']} photos", err=True)
    click.echo(str(out / "donors.safetensors"))


@command.command("shape")
@photos
@files
def train_shape(data: Path, out: Path, terms: str, overwrite: bool) -> None:
    """Learn the mean face, and how people differ from it, of 61 people with three photos each, at least."""
    ensure_models(False)
    from visard.train.face_shape import train

    figures = train(data, out, terms, overwrite, bars())
    click.echo(f"{figures['faces']} faces of {figures['people']} people, {figures['photos']} photos", err=True)
    click.echo(str(out / "face_shape.safetensors"))


@command.command("expressions")
@photos
@files
def train_expressions(data: Path, out: Path, terms: str, overwrite: bool) -> None:
    """Learn how smiles and open mouths show, of 30 people with three photos each, at least."""
    ensure_models(False)
    from visard.train.expressions import train

    figures = train(data, out, terms, overwrite, bars())
    click.echo(f"{figures['faces']} faces of {figures['people']} people, {figures['mouths']} open mouths", err=True)
    click.echo(str(out / "expression.safetensors"))


@command.command("export")
@click.option("--from", "folder", type=existing, required=True, help="Folder of a training.")
@files
def train_export(folder: Path, out: Path, terms: str, overwrite: bool) -> None:
    """Write what a training of a network has come to as the files that its method reads."""
    ensure_models(False)
    need_torch()
    from visard.train.export import export

    click.echo(str(export(folder, out, terms, overwrite, bars())))


@command.command("pack")
@click.argument("file", type=existing)
@click.option("--out", type=existing, required=True, help="Folder for the parts and their list.")
def train_pack(file: Path, out: Path) -> None:
    """Split a checkpoint into parts of at most 16 MB, to move it to another machine."""
    from visard.train.pack import pack

    for part in pack(file, out):
        click.echo(str(part))


@command.command("unpack")
@click.argument("parts", type=existing)
@click.option("--out", type=existing, required=True, help="Folder for the checkpoint.")
@click.option("--overwrite", is_flag=True, help="Replace a checkpoint that exists.")
def train_unpack(parts: Path, out: Path, overwrite: bool) -> None:
    """Put a checkpoint together again; PARTS is the list that `pack` wrote last."""
    from visard.train.pack import unpack

    click.echo(str(unpack(parts, out, overwrite)))


@command.command("msvdd")
@photos
@files
@click.option("--people", type=click.IntRange(2), default=100, show_default=True, help="People to know, at most.")
@seeded
def train_msvdd(data: Path, out: Path, people: int, seed: int, terms: str, overwrite: bool) -> None:
    """Learn to know people and to reject others: a classifier that is harder to mislead (needs torch)."""
    ensure_models(False)
    need_torch()
    from visard.train.msvdd import train

    figures = train(data, out, people, seed, terms, overwrite, bars())
    right = f"{100 * figures['msvdd']:.1f} % right, {100 * figures['linear']:.1f} % with a linear layer"
    click.echo(f"{figures['people']:.0f} people: {right}, on photos that were kept for testing", err=True)
    click.echo(str(out / "msvdd.safetensors"))


for _command in COMMANDS:
    command.add_command(_command)
