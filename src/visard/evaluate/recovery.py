"""The way back: what the vault gives to whoever holds the key, and to whoever holds a wrong one; or what a network does
to whoever knows the password."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from visard.attack.cache import Keep, forget
from visard.attack.looks import main_face
from visard.attack.score import Score, absent, rate
from visard.errors import SealError
from visard.evaluate.hiding import ready
from visard.evaluate.interval import mean
from visard.evaluate.people import Picture
from visard.evaluate.perception import Lpips, MobileLpips, PieApp, perceived
from visard.evaluate.quality import psnr, ssim
from visard.media.read import probe, read
from visard.media.write import Output, write
from visard.methods.keyed import needs_password
from visard.policy import Policy
from visard.reveal import backwards
from visard.types import Frame, Pixels, Region
from visard.vault.keys import Recipients, Sealing, Secrets
from visard.vault.seal import new_pair
from visard.vault.sealing import sealed, unseal

_PICTURES = 8

_AROUND = 0.5
"""Shares of the main face's box that are compared around it."""

_SMALLEST = 11
"""Pixels that a side needs for structural similarity."""

NAMES = ("exactly recovered", "wrong keys that open")


def recovery(
    pictures: Sequence[Picture], regions: Sequence[Sequence[Region]], policy: Policy, keep: Keep = forget
) -> tuple[Score, ...]:
    """Return how well faces come back out of the vault: distances of recovered faces from the originals.

    Up to 8 pictures are hidden, written as PNG with a seal, and opened, each with its key and with a wrong one. Where
    the method itself goes back under a password, it does. A face and its surroundings are compared. `exactly
    recovered` counts whole pictures without one changed pixel.
    """
    learned = needs_password(policy)
    chosen = list(zip(pictures, regions, strict=True))[:: max(1, len(pictures) // _PICTURES)][:_PICTURES]
    people, pairs, exact, opened = [picture.person for picture, _ in chosen], [], 0, 0
    with tempfile.TemporaryDirectory(prefix="visard-") as name:
        for number, (picture, found) in enumerate(chosen):
            folder = Path(name, str(number))
            folder.mkdir()
            if learned:
                back = _by_password(picture, found, policy)
            else:
                secret, public = new_pair()
                file = _seal(folder, picture, found, policy, Sealing(Recipients((public,))))
                with suppress(SealError):
                    unseal(file, folder / "wrong.png", Secrets((new_pair()[0],)))
                    opened += 1
                back = _pixels(unseal(file, folder / "back.png", Secrets((secret,))))
            exact += np.array_equal(back, picture.pixels)
            main = main_face(found, picture.pixels)
            assert main is not None, "pictures without a face were left out"
            cells = main.box.grow(_AROUND).cells(*back.shape[:2])
            pairs.append((picture.pixels[cells], back[cells]))
    return (
        *(_named(perceived(kind, pairs, people, keep)) for kind in (Lpips, MobileLpips)),
        _named(mean("PSNR", [psnr(*pair) for pair in pairs], people, "no pixel differs: it is infinite")),
        _named(mean("SSIM", [_ssim(*pair) for pair in pairs], people, f"no side reaches {_SMALLEST} pixels")),
        _named(perceived(PieApp, pairs, people, keep)),
        rate(NAMES[0], exact, len(chosen)),
        absent(NAMES[1], "a wrong password opens nothing, and shows somebody else: bench/unlock.py")
        if learned
        else rate(NAMES[1], opened, len(chosen)),
    )


def _by_password(picture: Picture, regions: Sequence[Region], policy: Policy) -> Pixels:
    """Return a picture that was hidden under a password, and brought back by it."""
    hider, found = ready(picture, regions, policy)
    return backwards(hider)(hider(Frame(picture.pixels), found.at(0)), found.at(0)).pixels


def _seal(folder: Path, picture: Picture, regions: Sequence[Region], policy: Policy, how: Sealing) -> Path:
    """Return the file of a picture that is hidden and holds its own seal."""
    source, target = folder / "source.png", folder / "hidden.png"
    Image.fromarray(picture.pixels).save(source)
    original, frame = probe(source), Frame(picture.pixels)
    hider, found = ready(picture, regions, policy)
    write(target, [hider(frame, found.at(0))], original, Output())
    with sealed(target, target, original, lambda: iter([frame]), found, policy, how, overwrite=True):
        return target


def _pixels(file: Path) -> Pixels:
    return next(iter(read(probe(file)))).pixels


def _named(score: Score) -> Score:
    return Score(f"recovered {score.name}", score.value, score.n, score.low, score.high, score.reason)


def _ssim(one: Pixels, other: Pixels) -> float | None:
    return ssim(one, other) if min(one.shape[:2]) >= _SMALLEST else None
