"""visard train inpaint, background and all others that learn for some minutes, on the loop that their recipes share."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import click

from visard.cli.shared import ensure_models, existing, options
from visard.cli.training import bars, need_torch, photos
from visard.errors import UsageError, suggest

_learning = options(
    click.option("--out", type=existing, required=True, help="Folder for the checkpoint, the log and the sheets."),
    click.option("--minutes", type=click.FloatRange(0, min_open=True), required=True, help="How long to train."),
    click.option("--resume", is_flag=True, help="Go on from the folder's checkpoint."),
)
_faces = options(
    photos,
    click.option("--apart", type=existing, help="Folder or tar of people it is judged on, who shall not teach it."),
)


@click.command("inpaint")
@_faces
@_learning
def inpaint(**given: Any) -> None:
    """Teach the network that `inpaint` paints with; a GPU is used where there is one."""
    _train("inpaint", **given)


@click.command("background")
@photos
@_learning
def background(**given: Any) -> None:
    """Teach the network that `cancel` predicts backgrounds with, on photos without people."""
    _train("background", **given)


@click.command("denoiser")
@_faces
@_learning
def denoiser(**given: Any) -> None:
    """Teach the network that `diffuse` paints faces and hair with; it needs hours of a GPU."""
    _train("denoiser", **given)


@click.command("autoencoder")
@_faces
@_learning
def autoencoder(**given: Any) -> None:
    """Teach the autoencoder: faces told again from a few numbers."""
    _train("autoencoder", **given)


@click.command("sapae")
@click.option("--from", "start", type=existing, required=True, help="Folder of a training of `autoencoder`.")
@_learning
@click.option("--unsupervised", is_flag=True, help="Without labels of identity and attributes.")
def sapae(unsupervised: bool, **given: Any) -> None:
    """Move the encoder of a taught autoencoder, so that people become others who are like them."""
    _train("sapae", settings={"supervised": not unsupervised}, **given)


@click.command("anonygan")
@_faces
@_learning
@click.option("--landmarks", type=click.Choice(["68", "29"]), default="68", help="Marks of a face (default 68).")
@click.option("--no-attention", is_flag=True, help="Without Landmark Attention: the seed's -LA.")
@click.option("--no-context", is_flag=True, help="Without Context Matching: the seed's -CM.")
def anonygan(landmarks: str, no_attention: bool, no_context: bool, **given: Any) -> None:
    """Teach AnonyGAN: a donor's face in the pose of the hidden one."""
    settings: dict[str, Any] = {"marks": int(landmarks), "attention": not no_attention}
    _train("anonygan", settings=settings | ({"context": 0.0} if no_context else {}), **given)


@click.command("ciagan")
@_faces
@_learning
@click.option("--people", type=click.IntRange(2), help="Donors to tell apart by number (default 1200).")
def ciagan(people: int | None, **given: Any) -> None:
    """Teach CIAGAN: a donor by number, over a sketch of the hidden face."""
    _train("ciagan", settings={} if people is None else {"people": people}, **given)


@click.command("ksame-net")
@_learning
@click.option("--proxies", type=click.IntRange(2), help="Donors to mix faces from (default 256).")
def ksame_net(proxies: int | None, **given: Any) -> None:
    """Teach k-Same-Net to draw donors, and mixtures of them; it needs no photos."""
    _train("ksame_net", settings={} if proxies is None else {"proxies": proxies}, **given)


@click.command("estrange")
@_faces
@_learning
def estrange(**given: Any) -> None:
    """Teach the live generator: somebody else who moves alike."""
    _train("estrange", **given)


_without = click.option("--without", multiple=True, metavar="LOSS", help="Leave a loss out, to see what it is for.")


@click.command("sdn")
@_faces
@_learning
@_without
def sdn(without: tuple[str, ...], **given: Any) -> None:
    """Teach the Secure Dual Network: to hide faces under a password, and to bring them back."""
    _train("sdn", without=without, **given)


@click.command("mfm")
@_faces
@_learning
@_without
def mfm(without: tuple[str, ...], **given: Any) -> None:
    """Teach MfM, its simpler sibling."""
    _train("mfm", without=without, **given)


@click.command("transformer")
@_faces
@_learning
@_without
def transformer(without: tuple[str, ...], **given: Any) -> None:
    """Teach the face identity transformer: one network both ways."""
    _train("transformer", without=without, **given)


@click.command("body")
@photos
@_learning
def body(**given: Any) -> None:
    """Teach the generator of bodies: somebody who fits the outline."""
    ensure_models(False, kinds=("person",))
    _train("body", **given)


COMMANDS = (
    inpaint, background, denoiser, autoencoder, sapae, anonygan, ciagan, ksame_net, estrange, sdn, mfm, transformer,
    body,
)  # fmt: skip


def _train(module: str, without: tuple[str, ...] = (), **given: Any) -> None:
    if "apart" in given:
        ensure_models(False)
        given["told"] = bars()
    need_torch()
    out: Path = given["out"]
    recipe = importlib.import_module(f"visard.train.{module}")
    for loss in without:
        if loss not in recipe.LOSSES:
            raise UsageError(f"unknown loss {loss!r}", hint=suggest(loss, recipe.LOSSES))
        given["settings"] = given.get("settings", {}) | {loss: 0.0}
    progress = recipe.train(**given, tick=lambda line: click.echo(json.dumps(line)))
    click.echo(f"{progress.images} pictures in {progress.steps} steps, {progress.seconds / 60:.0f} minutes", err=True)
    click.echo(str(out / "checkpoint.safetensors"))
