"""The verbs of the vault, as people type them, on real pictures and a real video."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.making import film
from visard.cli.app import run
from visard.media.read import probe, read
from visard.types import Pixels
from visard.vault.carrier import SUFFIX
from visard.vault.keys import PUBLIC, SECRET, Secrets, from_text, read_keys, to_text
from visard.vault.sealing import unseal

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def visard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Say a command in a folder with two keys, mine and yours; get its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASS", "correct horse battery")
    monkeypatch.setenv("BYTES", "correct horse\udcff")

    def say(*arguments: object) -> tuple[int, str, str]:
        code = run([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    for name in ("mine", "yours"):
        code, out, _ = say("keygen", "--out", f"{name}.key")
        assert code == 0 and out.startswith("visard-public-") and Path(f"{name}.key.pub").read_text() == out
    return say


@pytest.fixture
def pair(tmp_path: Path, astronaut: Pixels) -> Path:
    """A PNG of two people."""
    path = tmp_path / "pair.png"
    Image.fromarray(np.hstack([astronaut[:300, 100:340], astronaut[:300, 100:340]])).save(path)
    return path


def pixels(path: Path | str) -> Pixels:
    return next(iter(read(probe(Path(path))))).pixels


def one_line(err: str, *words: str) -> None:
    lines = [line for line in err.splitlines() if line.startswith("visard: ")]
    assert len(lines) == 1 and "Traceback" not in err, err
    for word in words:
        assert word in lines[0], err


def test_what_is_sealed_comes_back_to_the_bit(visard: Say, photo: Path) -> None:
    assert (
        visard("hide", photo, "--out", "h", "--seal", "--recipient", "mine.key.pub", "--password-env", "PASS")[0] == 0
    )
    report = Path("h/report.json").read_text()
    entry = json.loads(report)["files"][0]
    note = " ".join(entry["notes"])
    assert entry["seconds"]["seal"] > 0
    key = from_text(PUBLIC, Path("mine.key.pub").read_text())
    assert key.hex() not in report and to_text(PUBLIC, key) not in report, "for whom it is sealed is nobody's business"
    assert "1 person " in note and "2 recipients" in note and "without a key" in note
    hidden, original = pixels("h/astronaut.jpg"), pixels(photo)
    assert visard("unseal", "h/astronaut.jpg", "--out", "a.png", "--key", "mine.key")[1].strip() == "a.png"
    assert visard("unseal", "h/astronaut.jpg", "--out", "b.png", "--password-env", "PASS")[0] == 0
    back = pixels("a.png")
    assert np.array_equal(back, pixels("b.png"))
    changed = (back != hidden).any(axis=2)
    assert changed.mean() > 0.01 and np.array_equal(back[changed], original[changed])
    assert np.array_equal(original[80:180, 180:270], back[80:180, 180:270])


def test_a_picture_without_loss_comes_back_whole(visard: Say, pair: Path) -> None:
    assert visard("hide", pair, "--out", "h", "--seal", "--recipient", "mine.key.pub")[0] == 0
    assert visard("unseal", "h/pair.png", "--out", "back.png", "--key", "mine.key")[0] == 0
    assert not np.array_equal(pixels("h/pair.png"), pixels(pair))
    assert np.array_equal(pixels("back.png"), pixels(pair))


def test_one_person_is_disclosed_and_the_other_is_not(visard: Say, pair: Path) -> None:
    visard("hide", pair, "--out", "h", "--seal", "--recipient", "mine.key.pub")
    hidden, original = pixels("h/pair.png"), pixels(pair)
    told = visard(
        "share", "h/pair.png", "--person", 2, "--recipient", "yours.key.pub", "--key", "mine.key", "--out", "two.visard"
    )
    assert told[1].strip() == "two.visard"
    assert visard("unseal", "h/pair.png", "--out", "one.png", "--key", "mine.key", "--person", 1)[0] == 0
    assert visard("unseal", "h/pair.png", "--seal", "two.visard", "--out", "two.png", "--key", "yours.key")[0] == 0
    ones, twos = pixels("one.png"), pixels("two.png")
    for half in (ones, twos):
        sides = [np.array_equal(half[:, s], hidden[:, s]) for s in (np.s_[:240], np.s_[240:])]
        assert sorted(sides) == [False, True]
        assert np.array_equal(half[half != hidden], original[half != hidden])
    assert not np.array_equal(ones, twos)
    code, _, err = visard("unseal", "h/pair.png", "--out", "x.png", "--key", "yours.key")
    assert code == 8 and not Path("x.png").exists()
    one_line(err, "cannot be opened")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("pair.png", ["unseal", "h/pair.png", "--person", "1", "--out", "h", "--overwrite"]),
        ("pair.gif", ["share", "h/pair.gif", "--person", "1", "--recipient", "yours.key.pub",
                      "--out", "h/pair.gif.visard", "--overwrite"]),
        ("pair.png", ["unseal", "h/pair.png", "--detached", "--out", "h", "--overwrite"]),
    ],
)  # fmt: skip
def test_nothing_takes_the_place_of_the_seal_it_comes_from(
    visard: Say, pair: Path, name: str, arguments: list[str]
) -> None:
    """One person's pixels in place of the seal would be the end of everybody else's."""
    source = pair.with_name(name)
    Image.open(pair).save(source)
    visard("hide", source, "--out", "h", "--seal", "--recipient", "mine.key.pub", "--method", "fill")
    before = {path: path.read_bytes() for path in Path("h").iterdir()}
    code, _, err = visard(*arguments, "--key", "mine.key")
    assert code == 4
    one_line(err, "choose another --out")
    assert {path: path.read_bytes() for path in Path("h").iterdir()} == before


def test_rekeying_changes_who_may_open_and_not_the_picture(visard: Say, photo: Path) -> None:
    visard("hide", photo, "--out", "h", "--seal", "--recipient", "mine.key.pub")
    before = pixels("h/astronaut.jpg")
    assert visard("rekey", "h/astronaut.jpg", "--key", "mine.key", "--recipient", "yours.key.pub")[0] == 0
    assert np.array_equal(pixels("h/astronaut.jpg"), before)
    assert visard("unseal", "h/astronaut.jpg", "--out", "a.png", "--key", "mine.key")[0] == 8
    assert visard("unseal", "h/astronaut.jpg", "--out", "a.png", "--key", "yours.key")[0] == 0


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
def test_rekeying_follows_a_link_and_keeps_a_file_as_closed_as_it_was(visard: Say, photo: Path) -> None:
    """The old key opened what the link led to, and others could read the new file."""
    visard("hide", photo, "--out", "h", "--seal", "--recipient", "mine.key.pub", "--method", "fill")
    real = Path("h/astronaut.jpg")
    real.chmod(0o600)
    Path("link.jpg").symlink_to(real)
    assert visard("rekey", "link.jpg", "--key", "mine.key", "--recipient", "yours.key.pub")[1] == "link.jpg\n"
    assert Path("link.jpg").is_symlink() and real.stat().st_mode & 0o777 == 0o600
    assert visard("unseal", real, "--out", "a.png", "--key", "mine.key")[0] == 8
    assert visard("unseal", real, "--out", "a.png", "--key", "yours.key")[0] == 0


def test_nobody_gets_one_person_of_a_whole_file(visard: Say, pair: Path) -> None:
    """Its records are numbered 0: `share --person 0` disclosed everybody."""
    visard("hide", pair, "--out", "h", "--seal-file", "--recipient", "mine.key.pub", "--method", "fill")
    to = ("--recipient", "yours.key.pub", "--key", "mine.key", "--out", "two.visard")
    code, _, err = visard("share", "h/pair.png", "--person", 0, *to)
    assert code == 2 and not Path("two.visard").exists()
    one_line(err, "a whole file, of all people")


def test_nothing_is_sealed_for_more_than_can_open_it(visard: Say, photo: Path) -> None:
    """With a 65th recipient the seal was written, and opened for nobody."""
    Path("many.pub").write_text("\n".join(to_text(PUBLIC, bytes([number]) * 32) for number in range(1, 66)))
    visard_hide = ("hide", photo, "--out", "h", "--seal", "--method", "fill", "--recipient")
    code, _, err = visard(*visard_hide, "many.pub")
    assert code == 2 and not Path("h").exists()
    one_line(err, "65", "64")
    code, _, err = visard(*visard_hide, to_text(PUBLIC, bytes(32)))
    assert code == 2 and not Path("h/astronaut.jpg").exists()
    one_line(err, "anybody could open")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are text")
def test_a_name_that_is_no_text_comes_back_and_a_terminal_is_told_nothing(visard: Say, photo: Path) -> None:
    for name in ("a\udcff.jpg", "a\x1b[31m.jpg"):
        shutil.copy(photo, name)
    sealing = ("--out", "h", "--seal-file", "--recipient", "mine.key.pub", "--method", "fill", "--quiet")
    assert visard("hide", *sorted(Path().glob("a?*.jpg")), *sealing)[0] == 0
    Path("back").mkdir()
    for hidden in Path("h").glob("a*.jpg"):
        unseal(hidden, Path("back"), Secrets(tuple(read_keys(SECRET, "mine.key"))))
    assert {path.name for path in Path("back").iterdir()} == {"a_[31m.jpg", "a\udcff.jpg", "astronaut.jpg"}


def test_a_whole_file_comes_back_byte_for_byte(visard: Say, photo: Path) -> None:
    assert visard("hide", photo, "--out", "h", "--seal-file", "--recipient", "mine.key.pub")[0] == 0
    Path("back").mkdir()
    assert visard("unseal", "h/astronaut.jpg", "--out", "back", "--key", "mine.key")[0] == 0
    assert Path("back/astronaut.jpg").read_bytes() == photo.read_bytes()


def test_a_picture_that_was_compressed_again_says_so_and_is_opened_detached(visard: Say, photo: Path) -> None:
    visard("hide", photo, "--out", "h", "--seal", "--recipient", "mine.key.pub")
    shutil.copy("h/astronaut.jpg", "sealed.jpg")
    Image.open("h/astronaut.jpg").save("again.jpg", quality=60)
    code, _, err = visard("unseal", "again.jpg", "--out", "a.png", "--key", "mine.key")
    assert code == 8
    one_line(err, "again.jpg", "holds no seal", "--seal")
    arguments = ["again.jpg", "--seal", "sealed.jpg", "--key", "mine.key"]
    code, _, err = visard("unseal", *arguments, "--out", "a.png")
    assert code == 8 and not Path("a.png").exists()
    one_line(err, "not as it was", "--detached")
    assert visard("unseal", *arguments, "--detached", "--out", "parts")[0] == 0
    (part,) = Path("parts/person-1").iterdir()
    _, x, y = map(int, part.stem.split("-"))
    found = np.asarray(Image.open(part))
    own = found[..., 3] > 0
    theirs = pixels(photo)[y : y + own.shape[0], x : x + own.shape[1]]
    assert own.sum() > 1000 and np.array_equal(found[..., :3][own], theirs[own])


@pytest.mark.parametrize("name", ["a.bmp", "a.tif", "a.gif"])
def test_what_has_no_room_for_a_seal_gets_a_file_beside(visard: Say, astronaut: Pixels, name: str) -> None:
    Image.fromarray(astronaut).save(name)
    assert visard("hide", name, "--out", "h", "--seal", "--recipient", "mine.key.pub")[0] == 0
    assert Path("h", name + SUFFIX).exists()
    out = "back.tif" if name == "a.tif" else "back.png"
    assert visard("unseal", f"h/{name}", "--out", out, "--key", "mine.key")[0] == 0
    if name != "a.gif":
        assert np.array_equal(pixels(out), pixels(name))


def test_no_seal_outlives_the_result_beside_which_it_lies(visard: Say, astronaut: Pixels) -> None:
    Image.fromarray(astronaut).save("a.bmp")
    sealing = ("--seal", "--recipient", "mine.key.pub")
    hide = ("hide", "a.bmp", "--out", "h", "--method", "fill")
    assert visard(*hide, *sealing)[0] == 0
    seal = Path("h/a.bmp.visard")
    first = seal.read_bytes()
    assert visard(*hide, *sealing, "--overwrite")[0] == 0 and seal.read_bytes() != first
    assert visard("unseal", "h/a.bmp", "--out", "back.png", "--key", "mine.key")[0] == 0
    assert visard(*hide)[0] == 4 and seal.exists(), "what is not replaced keeps its seal"
    seal.rename("elsewhere")
    assert visard(*hide, *sealing)[0] == 4, "a result whose seal is gone is not finished"
    Path("elsewhere").rename(seal)
    assert visard(*hide, "--overwrite")[0] == 0 and not seal.exists()
    seal.write_text("somebody's notes")
    assert visard(*hide, "--overwrite")[0] == 0 and seal.read_text() == "somebody's notes"


def test_what_is_in_a_seals_place_is_seen_before_the_work(
    visard: Say, astronaut: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: object) -> None:
        raise AssertionError("the work had begun")

    Image.fromarray(astronaut).save("a.bmp")
    seal = Path("h/a.bmp.visard")
    seal.parent.mkdir()
    seal.write_text("somebody's notes")
    monkeypatch.setattr("visard.pipeline.find", look)
    code, _, err = visard("hide", "a.bmp", "--out", "h", "--seal", "--recipient", "mine.key.pub")
    assert code == 4 and seal.read_text() == "somebody's notes" and not Path("h/a.bmp").exists()
    one_line(err, "a.bmp.visard: exists already")


def test_a_video_is_sealed_frame_by_frame(visard: Say, astronaut: Pixels) -> None:
    view = [np.ascontiguousarray(astronaut[20 : 20 + 240, 60 + 2 * i : 60 + 2 * i + 320]) for i in range(12)]
    film(Path("clip.mp4"), view)
    assert visard("hide", "clip.mp4", "--out", "h", "--seal", "--recipient", "mine.key.pub", "--method", "fill")[0] == 0
    assert visard("unseal", "h/clip.mp4", "--out", "back.mkv", "--key", "mine.key")[0] == 0
    rows = zip(*(list(read(probe(Path(p)))) for p in ("clip.mp4", "h/clip.mp4", "back.mkv")), strict=True)
    for was, hidden, back in rows:
        changed = (back.pixels != hidden.pixels).any(axis=2)
        assert changed.mean() > 0.01 and np.array_equal(back.pixels[changed], was.pixels[changed])
    assert visard("hide", "clip.mp4", "--out", "again")[0] == 0, "a seal is no tag that stays"


def test_a_sealed_file_passes_its_check(visard: Say, photo: Path) -> None:
    visard("hide", photo, "--out", "h", "--seal", "--recipient", "mine.key.pub", "--method", "fill")
    assert visard("check", photo, "h/astronaut.jpg", "--method", "fill")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["hide", "astronaut.jpg", "--seal"], 2, ["nobody would be able to open"]),
        (["hide", "astronaut.jpg", "--recipient", "mine.key.pub"], 2, ["nothing is to be sealed"]),
        (["hide", "astronaut.jpg", "--seal", "--seal-file", "--recipient", "mine.key.pub"], 2, ["contradict"]),
        (["hide", "astronaut.jpg", "--seal", "--recipient", "visard-public-abc"], 2, ["no public key"]),
        (["hide", "astronaut.jpg", "--seal", "--recipient", "astronaut.jpg"], 2, ["astronaut.jpg"]),
        (["hide", "astronaut.jpg", "--seal", "--password-env", "NONE"], 2, ["NONE", "not set"]),
        (["hide", "astronaut.jpg", "--seal", "--password-env", "BYTES"], 2, ["no text"]),
        (["hide", "astronaut.jpg", "--seal", "--password-file", "empty"], 2, ["empty"]),
        (["hide", "astronaut.jpg", "--seal", "--password"], 2, ["terminal"]),
        (["hide", "-", "--seal", "--recipient", "mine.key.pub"], 2, ["--out FILE"]),
        (["unseal", "astronaut.jpg", "--out", "a.png", "--key", "mine.key"], 8, ["holds no seal"]),
        (["unseal", "none.jpg", "--out", "a.png", "--key", "mine.key"], 3, ["none.jpg"]),
        (["unseal", "sealed.jpg", "--out", "a.png"], 2, ["nothing to open it with"]),
        (["unseal", "sealed.jpg", "--out", "a.png", "--key", "mine.key.pub"], 2, ["secret key"]),
        (["unseal", "sealed.jpg", "--out", "a.png", "--key", "yours.key"], 8, ["sealed.jpg: cannot be opened"]),
        (["unseal", "sealed.jpg", "--out", "a.jpg", "--key", "mine.key"], 2, ["a.jpg: should end in .png"]),
        (["unseal", "sealed.jpg", "--out", "a.png", "--key", "mine.key", "--person", "9"],
         2, ["sealed.jpg: nobody has the number 9", "1"]),
        (["share", "sealed.jpg", "--person", "9", "--recipient", "yours.key.pub", "--key", "mine.key", "--out", "s"],
         2, ["number 9"]),
        (["rekey", "sealed.jpg", "--key", "mine.key"], 2, ["nobody would be able to open"]),
        (["keygen", "--out", "mine.key"], 4, ["mine.key", "exists already"]),
        (["keygen", "--out", "."], 4, ["is no file name"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(
    visard: Say, photo: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    Path("empty").write_text("")
    Path("empty").chmod(0o600)
    visard("hide", photo, "--out", "s", "--seal", "--recipient", "mine.key.pub", "--method", "fill")
    shutil.copy("s/astronaut.jpg", "sealed.jpg")
    before = sorted(Path().rglob("*"))
    got, _, err = visard(*arguments)
    assert got == code, err
    one_line(err, *words)
    assert sorted(Path().rglob("*")) == before, "nothing appeared"


@pytest.mark.parametrize("verb", ["hide", "unseal", "share"])
def test_a_full_disk_leaves_nothing_half_sealed(visard: Say, photo: Path, verb: str) -> None:
    visard("hide", photo, "--out", "s", "--seal", "--recipient", "mine.key.pub", "--method", "fill")
    before = sorted(Path().rglob("*"))

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (45_000, 45_000))

    sealed = ["s/astronaut.jpg", "--key", "mine.key", "--out"]
    arguments = {
        "hide": ["astronaut.jpg", "--seal", "--recipient", "mine.key.pub", "--out", "full/a.jpg", "--offline"],
        "unseal": [*sealed, "full/a.png"],
        "share": [*sealed, "full/a.visard", "--person", "1", "--recipient", "yours.key.pub"],
    }
    command = [sys.executable, "-m", "visard", verb, *arguments[verb]]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_files, check=False)
    assert done.returncode == 4, done.stderr
    one_line(done.stderr, "full")
    left = [path for path in sorted(Path().rglob("*")) if path not in before and path.is_file()]
    assert not [path for path in left if "report" not in path.name]


def test_a_full_disk_leaves_no_half_of_a_key(visard: Say) -> None:
    before = sorted(Path().iterdir())

    def no_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))

    command = [sys.executable, "-m", "visard", "keygen", "--out", "new.key"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=no_files, check=False)
    assert done.returncode == 4, done.stderr
    one_line(done.stderr, "full")
    assert sorted(Path().iterdir()) == before
    Path("new.key.pub").symlink_to("nowhere")
    assert visard("keygen", "--out", "new.key")[0] == 4 and not Path("new.key").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_secrets_are_kept_to_oneself(visard: Say, photo: Path) -> None:
    assert Path("mine.key").stat().st_mode & 0o077 == 0
    Path("pass").write_text("correct horse battery\n")
    Path("pass").chmod(0o644)
    code, _, err = visard("hide", photo, "--out", "h", "--seal", "--password-file", "pass", "--quiet")
    assert code == 0 and "can be read by others" in err
    assert "can be read" not in visard("unseal", "h/astronaut.jpg", "--out", "a.png", "--key", "mine.key")[2]
    Path("mine.key").chmod(0o644)
    assert (
        "mine.key can be read by others"
        in visard("unseal", "h/astronaut.jpg", "--out", "a.png", "--key", "mine.key")[2]
    )
