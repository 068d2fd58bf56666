"""Photos to an album of faces, once a folder: what every recipe that learns from photos begins with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from visard.errors import TargetError
from visard.train.album import Album, build, is_album, load
from visard.train.celeba import celeba, is_celeba
from visard.train.disjoint import NOBODY, seen
from visard.train.faces import Told, gathered, is_development, photographed, tarred

ALBUM = "album"

_JUDGED = "lfw_dev.tar"
"""In the development data, the people on whom methods are judged."""


def gather(data: Path, out: Path, apart: Path | None, told: Told) -> Album:
    """Return the album in a training folder, which is made of photos where there is none yet.

    data: the development data, CelebA as published, or a folder of photos, in which folders are people. apart: a folder
    or tar of people on whom the result will be judged; who could be one of them is left out. Raises UsageError where
    data, or what lies in the folder, will not do; TargetError; ModelError.
    """
    if not is_album(out / ALBUM):
        kept_out = apart or (data / _JUDGED if is_development(data) else None)
        photos, total = celeba(data) if is_celeba(data) else gathered(data)
        others = NOBODY
        if kept_out is not None:
            others = seen(*(photographed(kept_out) if kept_out.is_dir() else tarred(kept_out)), told)
        build(photos, total, out / ALBUM, others, told)
    return load(out / ALBUM)


def share(start: Path, out: Path) -> None:
    """Let a training folder have another one's album, as links where the file system knows them; raises TargetError."""
    if is_album(out / ALBUM) or not is_album(start / ALBUM):
        return
    try:
        (out / ALBUM).mkdir(parents=True, exist_ok=True)
        # The index comes last: it says that the album is whole.
        for file in sorted((start / ALBUM).iterdir(), key=lambda file: file.suffix == ".json"):
            try:
                os.link(file.resolve(), out / ALBUM / file.name)
            except OSError:
                shutil.copyfile(file, out / ALBUM / file.name)
    except OSError as error:
        hint = "choose another --out"
        raise TargetError(f"cannot be written: {error.strerror}", where=out / ALBUM, hint=hint) from error
