"""Sealing and opening whole files: what `hide --seal`, `unseal`, `share` and `rekey` do."""

from __future__ import annotations

import heapq
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from visard.errors import SealError, TargetError, UsageError, named
from visard.found import Found
from visard.media.lossless import lossless_suffix, write_lossless
from visard.media.read import Source, probe, read
from visard.media.write import refused_writing
from visard.policy import Policy
from visard.publish import publish, refuse_replacing
from visard.types import Frame
from visard.vault import carrier
from visard.vault.keys import Recipients, Sealing, Secrets
from visard.vault.layout import PICTURE, SEVERAL, WHOLE_FILE, Public
from visard.vault.pieces import Piece, from_record, numbers, pixel_hash, put_back, take
from visard.vault.seal import Opened, Sealer

_BLOCK = 1 << 16
"""Bytes of a file in one record."""

_WHOLE = 0
"""The number under which a whole file is sealed: it is everybody's."""

_OF_SEVERAL, _OF_PERSON = "several", "person-"
"""Folders of pixels on their own; a person's ends with the number."""


@contextmanager
def sealed(
    draft: Path, target: Path, original: Source, frames: Callable[[], Iterator[Frame]], found: Found, policy: Policy,
    how: Sealing, overwrite: bool,
) -> Iterator[tuple[str, ...]]:  # fmt: skip
    """Seal what a draft hides into the draft, or, where its format has no room, into a file beside the target.

    frames: the original's. Gives what a reader of the report must know. Raises TargetError, OSError.
    """
    people = [_WHOLE] if how.whole else numbers(found.regions)
    if not people:
        yield ("nothing was hidden, so nothing is sealed",)
    elif carrier.has_room(draft):
        scratch = draft.with_name(f"{draft.name}{carrier.SUFFIX}")
        try:
            _seal(draft, original, frames, found, policy, how, people, scratch)
            carrier.embed(draft, scratch)
        finally:
            scratch.unlink(missing_ok=True)
        yield (_told(people, how),)
    else:
        with publish(carrier.sidecar(target), overwrite) as file:
            _seal(draft, original, frames, found, policy, how, people, file)
            yield (f"{_told(people, how)}; the seal lies beside, in {carrier.sidecar(target).name}",)


def _told(people: Sequence[int], how: Sealing) -> str:
    number, keys = sum(n != SEVERAL for n in people), len(how.recipients)
    what = "the whole source file" if how.whole else f"originals of {number} {'person' if number == 1 else 'people'}"
    whom = f"{keys} recipient{'s' if keys > 1 else ''}"
    return f"{what} sealed for {whom}; without a key or password of theirs nobody brings them back"


def _seal(
    draft: Path, original: Source, frames: Callable[[], Iterator[Frame]], found: Found, policy: Policy, how: Sealing,
    people: Sequence[int], file: Path,
) -> None:  # fmt: skip
    written = probe(draft)
    kind = WHOLE_FILE if how.whole else PICTURE
    public = Public(kind, written.width, written.height, pixel_hash(read(written)))
    with file.open("wb") as out:
        sealer = Sealer(out, public, people, how.recipients)
        if how.whole:
            sealer.add(_WHOLE, original.path.name.encode("utf-8", "surrogateescape"))
            with original.path.open("rb") as source:
                while block := source.read(_BLOCK):
                    sealer.add(_WHOLE, block)
        else:
            for frame in frames():
                for person, piece in take(frame, found.at(frame.index), policy):
                    sealer.add(person, piece.record())
        sealer.close()


def unseal(
    file: Path, out: Path, secrets: Secrets, *, person: int | None = None, beside: Path | None = None,
    detached: bool = False, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Give the hidden pixels of a file back, all or one person's; return where the result lies.

    out: a file, or a folder. beside: the seal, where it is not in the file. detached: write each person's pixels as
    PNG files into a folder, whatever became of the picture. A seal of a whole file gives that file. Raises SealError,
    SourceError, UsageError and TargetError; then nothing was written.
    """
    place = carrier.place(beside or file)
    with named("", beside or file):
        opened = Opened.by(carrier.find(place), secrets)
        if opened.public.kind == WHOLE_FILE:
            return _whole_back(opened, out, person, (file, place), overwrite)
        chosen = _chosen(opened, person)
        if detached:
            return _detached(opened, chosen, out, overwrite)
        picture = probe(file)
        target = _target(out, file, lossless_suffix(picture))
        refuse_replacing(target, (file, place))
        if pixel_hash(read(picture)) != opened.public.pixels:
            raise SealError(
                "is not as it was when it was sealed",
                where=file,
                hint="--detached opens the sealed pixels on their own",
            )
        with publish(target, overwrite) as draft, refused_writing(target):
            write_lossless(draft, put_back(read(picture), _pieces(opened, chosen)), picture)
        return target


def share(
    file: Path, out: Path, secrets: Secrets, person: int, recipients: Recipients, beside: Path | None = None,
    overwrite: bool = False,
) -> None:  # fmt: skip
    """Write a seal of one person's pixels alone, for others; raises as `unseal` does."""
    place = carrier.place(beside or file)
    with named("", beside or file):
        opened = Opened.by(carrier.find(place), secrets)
        if opened.public.kind == WHOLE_FILE:
            raise UsageError("the seal holds a whole file, of all people", hint="only hide --seal keeps them apart")
        _chosen(opened, person)
        refuse_replacing(out, (file, place))
        with publish(out, overwrite) as draft, refused_writing(out), draft.open("wb") as sealed:
            _again(opened, [person], sealed, recipients)


def rekey(file: Path, secrets: Secrets, recipients: Recipients, beside: Path | None = None) -> Path:
    """Seal the same pixels anew for other recipients, in the same place; return the file that was changed.

    All keys are new: who had one of the old ones opens old copies, and no new one. A link is followed: what it leads to
    must not go on opening with the old ones. Raises as `unseal` does.
    """
    place = carrier.place(beside or file)
    with named("", beside or file):
        opened = Opened.by(carrier.find(place), secrets)
        with refused_writing(place), tempfile.TemporaryDirectory(prefix="visard-") as folder:
            new = Path(folder, "seal")
            with new.open("wb") as sealed:
                _again(opened, opened.numbers, sealed, recipients)
            with publish(place.resolve() if place.is_symlink() else place, overwrite=True) as draft:
                shutil.copymode(place, draft)
                if carrier.has_room(place):
                    shutil.copyfile(place, draft)
                    carrier.embed(draft, new)
                else:
                    shutil.copyfile(new, draft)
    return place


def _again(opened: Opened, people: Sequence[int], file: BinaryIO, recipients: Recipients) -> None:
    sealer = Sealer(file, opened.public, people, recipients)
    for number in people:
        for record in opened.records(number):
            sealer.add(number, record)
    sealer.close()


def _chosen(opened: Opened, person: int | None) -> list[int]:
    if person is None:
        return opened.numbers
    if person not in opened.persons:
        known = ", ".join(map(str, opened.persons))
        raise UsageError(f"nobody has the number {person}", hint=f"choose from {known}")
    return [person]


def _pieces(opened: Opened, chosen: Sequence[int]) -> Iterator[Piece]:
    """Yield the pieces of several people in the order of their frames; each one's are in order already."""
    return heapq.merge(*(map(from_record, opened.records(n)) for n in chosen), key=lambda piece: piece.frame)


def _whole_back(
    opened: Opened, out: Path, person: int | None, sources: Sequence[Path], overwrite: bool
) -> Path:  # fmt: skip
    if person is not None:
        raise UsageError("the seal holds a whole file, of all people", hint="leave --person out")
    blocks = opened.records(_WHOLE)
    name = Path(_printable(next(blocks, b"").decode("utf-8", "surrogateescape"))).name or "original"
    target = out / name if out.is_dir() else out
    refuse_replacing(target, sources)
    with publish(target, overwrite) as draft, refused_writing(target), draft.open("wb") as file:
        for block in blocks:
            file.write(block)
    return target


def _printable(name: str) -> str:
    """Return a name without what would have a terminal do something; whoever sealed the file chose it."""
    return "".join("_" if unicodedata.category(character) == "Cc" else character for character in name)


def _detached(opened: Opened, chosen: Sequence[int], out: Path, overwrite: bool) -> Path:
    if out.exists() and not (overwrite and out.is_dir()):
        raise TargetError("exists already", where=out, hint="choose another --out, or give --overwrite")
    if out.is_dir() and any(not _is_ours(path) for path in out.iterdir()):
        raise TargetError(
            "holds more than sealed pixels, and would be replaced", where=out, hint="choose another --out"
        )
    with _folder(out) as folder:
        for number in chosen:
            own = folder / (_OF_SEVERAL if number == SEVERAL else f"{_OF_PERSON}{number}")
            own.mkdir()
            for record in opened.records(number):
                piece = from_record(record)
                (own / f"{piece.frame:06}-{piece.x}-{piece.y}.png").write_bytes(record[12:])
    return out


def _is_ours(path: Path) -> bool:
    """Return whether a folder is named as one in which `unseal --detached` puts a person's pixels."""
    return path.is_dir() and (path.name == _OF_SEVERAL or path.name.startswith(_OF_PERSON))


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """Give a folder that takes the name `out` only if the block ends well."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".visard-", dir=out.parent))
        try:
            yield draft
            if out.is_dir():
                shutil.rmtree(out)
            draft.replace(out)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise TargetError(f"cannot be written: {error.strerror}", where=out, hint="choose another --out") from error


def _target(out: Path, file: Path, suffix: str) -> Path:
    if out.is_dir():
        return out / (file.stem + suffix)
    if out.suffix.lower() != suffix:
        raise UsageError(f"should end in {suffix}", where=out, hint="what comes back is written without loss")
    return out
