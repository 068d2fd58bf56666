"""Hide under a password and come back: through files, with a network that can; and all that fails.

The network is drawn for these tests: it adds a pattern that the password decides, so that the complement takes it away.
What passes for a hidden face is judged elsewhere; here the doubting room is asked to look away.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from visard.cli.app import run  # noqa: E402
from visard.media.seals import FACE, SEAL  # noqa: E402
from visard.models import taught  # noqa: E402
from visard.pipeline import Task, deidentify  # noqa: E402
from visard.policy import Policy, Rule  # noqa: E402
from visard.report.record import load  # noqa: E402
from visard.reveal import UNDER, reveal  # noqa: E402
from visard.train.plans import Plan, to_onnx  # noqa: E402
from visard.types import Pixels  # noqa: E402
from visard.vault import carrier  # noqa: E402
from visard.vault.note import SUFFIX, read_note  # noqa: E402
from visard.vault.seal import new_salt  # noqa: E402
from visard.verify import Doubt  # noqa: E402

from .conftest import ASTRONAUT_FACE  # noqa: E402

WORDS = "correct horse battery"


class Pattern(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch is imported late
    """Adds what the bits say, the less the brighter: bits turned, the same is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.told = torch.nn.Linear(16, 3 * 8 * 8, bias=False)
        torch.nn.init.normal_(self.told.weight)

    def forward(self, picture: Any, way: Any) -> Any:
        """Return the picture with the pattern."""
        pattern = 0.3 * torch.tanh(self.told(way)).reshape(-1, 3, 8, 8)
        return picture + torch.nn.functional.interpolate(pattern, scale_factor=8.0, mode="nearest")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    inputs = {"picture": torch.zeros(1, 3, 64, 64), "way": torch.zeros(1, 16)}
    content = to_onnx("transformer", Plan(Pattern(), inputs, ("result",), {"side": 64, "bits": 16}))
    file = tmp_path_factory.mktemp("taught") / "transformer.onnx"
    file.write_bytes(content)
    file.with_suffix(".md").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    return file


@pytest.fixture(autouse=True)
def looks_away(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    monkeypatch.setattr("visard.pipeline.verify", lambda *given, **more: Doubt((), (), (), (), 1))
    monkeypatch.setattr(taught, "FOLDER", weights.parent)
    monkeypatch.setattr("visard.reveal.new_salt", lambda: bytes(range(16)))  # else every run would look otherwise


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(WORDS + "\n", "utf-8")
    file.chmod(0o600)
    return file


def hidden(photo: Path, target: Path, **more: Any) -> Any:
    """Hide a photo, saved in the target's format first if it has another: results keep their source's."""
    if photo.suffix != target.suffix:
        with Image.open(photo) as image:
            photo = target.with_name(f"source-of-{target.name}")
            image.save(photo)
    return deidentify(photo, target, Task(Policy({"face": Rule("transformer")}), password=WORDS, **more))


def pixels(file: Path) -> Pixels:
    return np.asarray(Image.open(file).convert("RGB"))


def ratio(one: Pixels, other: Pixels) -> float:
    """Return PSNR in dB within the face."""
    cells = ASTRONAUT_FACE.cells(512, 512)
    return float(10 * np.log10(255**2 / np.mean((one[cells].astype(float) - other[cells]) ** 2)))


def test_the_right_password_brings_back_and_wrong_ones_do_not(photo: Path, tmp_path: Path) -> None:
    report = hidden(photo, tmp_path / "hidden.png")
    before = pixels(photo)
    right, _ = reveal(tmp_path / "hidden.png", tmp_path / "right.png", WORDS)
    near, _ = reveal(tmp_path / "hidden.png", tmp_path / "near.png", WORDS + "!")
    away = ratio(before, pixels(tmp_path / "hidden.png"))
    assert ratio(before, pixels(right)) > 21 > 18 > ratio(before, pixels(near)) and away < 18
    assert not np.array_equal(pixels(right), pixels(near))
    cells = ASTRONAUT_FACE.grow(0.6).cells(512, 512)
    outside = np.ones((512, 512), bool)
    outside[cells] = False
    assert np.array_equal(pixels(right)[outside], pixels(tmp_path / "hidden.png")[outside]), "nothing else is touched"
    (told,) = [note for note in report.notes if note.startswith(UNDER)]
    assert float(told.split(" at ")[1].split(" dB")[0]) == pytest.approx(ratio(before, pixels(right)), abs=4)
    assert any("no encryption" in note for note in report.notes) and any("a likeness" in note for note in report.notes)


def test_two_people_come_back_beside_each_other(astronaut: Pixels, tmp_path: Path) -> None:
    """A face's neighbours are covered before it is painted; its own must not be, or a blur would come back."""
    both = np.concatenate([astronaut[:256, 100:356], astronaut[:256, 355:99:-1]], axis=1)
    photo = tmp_path / "photo.png"
    Image.fromarray(both).save(photo)
    report = hidden(photo, tmp_path / "hidden.png")
    assert report.tracks == 2 and len(read_note(tmp_path / "hidden.png").faces) == 2
    back, (told,) = reveal(tmp_path / "hidden.png", tmp_path, WORDS)
    assert told.startswith("2 brought back")
    for left in (75, 337):
        cells = np.s_[65:195, left : left + 100]
        assert np.mean((pixels(back)[cells].astype(float) - both[cells]) ** 2) < 255**2 / 10**1.9, "19 dB"


def test_every_source_has_its_own_salt_and_its_own_face(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visard.reveal.new_salt", new_salt)
    for name in ("a.png", "b.png"):
        hidden(photo, tmp_path / name)
    one, other = (read_note(tmp_path / name) for name in ("a.png", "b.png"))
    assert one.salt != other.salt and len(bytes.fromhex(one.salt)) == 16
    assert not np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


def test_a_jpeg_keeps_less_and_the_report_measures_it(photo: Path, tmp_path: Path) -> None:
    said = []
    for name in ("hidden.png", "hidden.jpg"):
        report = hidden(photo, tmp_path / name)
        (told,) = [note for note in report.notes if note.startswith(UNDER)]
        said.append(float(told.split(" at ")[1].split(" dB")[0]))
    assert said[1] <= said[0], "a JPEG keeps no more"
    back, _ = reveal(tmp_path / "hidden.jpg", tmp_path, WORDS)
    assert back.name == "hidden-revealed.png" and ratio(pixels(photo), pixels(back)) > 19


def test_a_copy_that_lost_its_note_comes_back_by_the_file_that_has_it(photo: Path, tmp_path: Path) -> None:
    hidden(photo, tmp_path / "hidden.png")
    Image.open(tmp_path / "hidden.png").resize((768, 768)).save(tmp_path / "copy.png")
    assert run(["reveal", str(tmp_path / "copy.png"), "--out", str(tmp_path), "--password-env", "HOME"]) == 8
    back, _ = reveal(tmp_path / "copy.png", tmp_path, WORDS, note=tmp_path / "hidden.png")
    small = np.asarray(Image.open(back).convert("RGB").resize((512, 512)))
    assert ratio(pixels(photo), small) > 20


def test_a_seal_and_a_password_combine_and_neither_opens_the_other(
    astronaut: Pixels, password: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(astronaut).save(photo)
    key = tmp_path / "anna.key"
    assert run(["keygen", "--out", str(key)]) == 0
    out, how = tmp_path / "out", ["--method", "transformer", "--password-file", str(password)]
    common = ["hide", str(photo), "--out", str(out / "h.png"), *how, "--seal"]
    assert run([*common, "--quiet"]) == 2
    assert "add --recipient KEY" in capfd.readouterr().err
    assert run([*common, "--recipient", f"{key}.pub"]) == 0
    assert "photo.png: under the password: out of this file faces come back at" in capfd.readouterr().err
    file = out / "h.png"
    assert carrier.content(file, FACE).startswith(FACE.magic) and carrier.content(file, SEAL).startswith(SEAL.magic)
    opened = ["unseal", str(file), "--out", str(tmp_path / "exact.png")]
    assert run([*opened, "--password-file", str(password)]) == 8, "the password is the face's alone"
    assert run([*opened, "--key", str(key)]) == 0
    assert run(["reveal", str(file), "--out", str(tmp_path / "like.png"), "--password-file", str(password)]) == 0
    before = pixels(photo)
    assert np.array_equal(pixels(tmp_path / "exact.png"), before)
    assert 20 < ratio(before, pixels(tmp_path / "like.png")) < 60
    text = (out / "h.png.report.json").read_text("utf-8")
    assert WORDS not in text and "no encryption" in text and load(out / "h.png.report.json")
    capfd.readouterr()


def test_formats_without_room_have_the_note_beside(astronaut: Pixels, tmp_path: Path) -> None:
    photo = tmp_path / "photo.tif"
    Image.fromarray(astronaut).save(photo)
    hidden(photo, tmp_path / "hidden.tif")
    assert (tmp_path / f"hidden.tif{SUFFIX}").is_file()
    back, _ = reveal(tmp_path / "hidden.tif", tmp_path, WORDS)
    assert ratio(pixels(photo), pixels(back)) > 20


def test_bad_input_is_one_clear_line(
    photo: Path, password: Path, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def refused(*arguments: str) -> tuple[int, str]:
        code = run([*arguments])
        (line,) = capfd.readouterr().err.strip().splitlines()
        return code, line

    out = str(tmp_path / "back.png")
    hide = ["hide", str(photo), "--out", str(tmp_path / "h.jpg"), "--method", "transformer"]
    code, line = refused(*hide)
    assert code == 2 and "transformer hides under a password; give one of the --password options" in line
    assert run([*hide, "--password-file", str(password), "--quiet"]) == 0
    file = str(tmp_path / "h.jpg")
    code, line = refused("reveal", file, "--out", out)
    assert code == 2 and "nothing to bring it back with" in line
    ways = ["--password-file", str(password)]
    code, line = refused("reveal", str(photo), "--out", out, *ways)
    assert code == 8 and "was not hidden under a password, or lost its note" in line
    code, line = refused("reveal", file, "--out", out, *ways, "--factors", "tall")
    assert code == 2 and "unknown factor 'tall'" in line
    code, line = refused("reveal", file, "--out", str(tmp_path / "back.jpg"), *ways)
    assert code == 2 and "should end in .png" in line
    black = Image.fromarray(np.zeros((512, 512, 3), np.uint8))
    black.save(tmp_path / "black.png")
    code, line = refused("reveal", str(tmp_path / "black.png"), "--note", file, "--out", out, *ways)
    assert code == 7 and "its faces are found no longer" in line
    code, line = refused("reveal", str(tmp_path / "none.png"), "--out", out, *ways)
    assert code == 3
    other = tmp_path / "other"
    other.mkdir()
    content = weights.read_bytes() + b"\xda\x3e\x00"
    (other / "transformer.onnx").write_bytes(content)
    (other / "transformer.md").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    code, line = refused("reveal", file, "--out", out, *ways, "--weights", str(other / "transformer.onnx"))
    assert code == 6 and "was hidden by another network of 'transformer'" in line
    assert not Path(out).exists()
