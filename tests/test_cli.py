"""The command as a person meets it: what works, and what bad input gets: one line, an exit code, nothing lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from skimage import data

from visard.cli.app import run
from visard.types import Pixels

from .signs import car

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def visard(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run the command in a folder of its own; returns (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def say(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return say


@pytest.fixture
def clip(tmp_path: Path, astronaut: Pixels) -> Path:
    """A second of the astronaut moving to the right."""
    return film(tmp_path / "clip.mp4", astronaut)


def film(path: Path, photo: Pixels, frames: int = 24) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for i in range(frames):
            view = np.ascontiguousarray(photo[20:260, 60 + i : 380 + i])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        container.mux(stream.encode(None))
    return path


ASTRONAUT = np.asarray(data.astronaut()).astype(float)


def hidden_face(path: Path) -> bool:
    face = np.asarray(Image.open(path).convert("RGB"))[100:170, 195:255].astype(float)
    return bool(np.abs(face - ASTRONAUT[100:170, 195:255]).mean() > 7)


# What works


def test_kinds_are_found_and_hidden(visard: Say, tmp_path: Path) -> None:
    from visard.detect import NETWORKS
    from visard.models import store

    if store.absent(NETWORKS["plate"]):
        pytest.skip("the plate detector is absent: visard models fetch clpdet")
    Image.fromarray(car(turn=0.0).pixels).save(tmp_path / "car.png")
    code, out, err = visard("hide", "car.png", "--hide", "plates", "--out", "hidden", "--offline")
    assert code == 0, err
    before, after = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in ("car.png", "hidden/car.png"))
    changed = np.argwhere(np.abs(before - after).max(axis=2) > 0)
    assert np.abs(before - after)[220:250, 270:380].mean() > 20
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top > 190 and left > 210 and bottom < 285 and right < 430
    report = json.loads(Path("hidden/report.json").read_text())["files"][0]
    assert report["regions"] == 1 and "clpdet" in report["models"]
    code, out, _ = visard("find", "car.png", "--hide", "plates,faces", "--csv")
    assert code == 0 and [line.split(",")[2] for line in out.splitlines()[1:]] == ["plate"]


def test_presets_are_named(visard: Say, photo: Path) -> None:
    for preset, kinds in {"newsroom": "person text plate", "street": "face plate", "dataset": "face plate text",
                          "hospital": "head face text"}.items():  # fmt: skip
        code, out, _ = visard("hide", photo, "--policy", preset, "--dry-run")
        assert code == 0 and [line[1:-1] for line in out.splitlines() if line.startswith("[")] == kinds.split()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hide", "face"], "did you mean 'faces'"),
        (["--hide", ","], "nothing is to be hidden"),
        (["--hide", "people", "--method", "garment"], "leaves faces"),
        (["--hide", "plates", "--method", "surrogate"], "does not hide a plate"),
        (["--hide", "plates,text", "--set", "colur=red"], "no method has a setting 'colur'"),
        (["--policy", "newsrom"], "name a preset"),
    ],
)
def test_wrong_kinds_are_one_line(visard: Say, photo: Path, arguments: list[str], said: str) -> None:
    code, out, err = visard("hide", photo, *arguments, "--out", "hidden")
    assert code == 2 and not out and said in err and err.count("\n") == 1
    assert not Path("hidden").exists()


def test_a_method_goes_to_the_kinds_that_can_take_it(visard: Say, photo: Path) -> None:
    code, out, _ = visard("hide", photo, "--hide", "faces,people,plates", "--method", "garment", "--dry-run")
    assert code == 0 and out.count("garment") == 1 and "surrogate" in out and 'method = "plate"' in out
    code, out, _ = visard("hide", photo, "--hide", "faces,plates", "--method", "blur", "--strength", "0.7", "--dry-run")
    assert code == 0 and out.count("strength = 0.7") == 2


def test_hide_writes_result_and_report_and_prints_the_path(visard: Say, photo: Path) -> None:
    before = photo.read_bytes()
    code, out, err = visard("hide", photo, "--out", "hidden")
    assert code == 0 and Path(out.strip()) == Path("hidden/astronaut.jpg")
    assert "1 done" in err
    assert hidden_face(Path("hidden/astronaut.jpg"))
    assert photo.read_bytes() == before
    report = json.loads(Path("hidden/report.json").read_text())["files"][0]
    assert report["tracks"] == 1 and not report["nothing_found"]
    assert {c["name"] for c in report["checks"]} >= {"untouched", "found_again", "known_again", "tags"}
    assert all(c["passed"] for c in report["checks"])
    assert str(Path.cwd()) not in Path("hidden/report.json").read_text()
    page = Path("hidden/report.html").read_text()
    assert "data:image/jpeg;base64," in page and "http" not in page.replace("http-equiv", "")


def test_hide_a_video(visard: Say, clip: Path) -> None:
    code, _, err = visard("hide", clip, "--out", "hidden")
    assert code == 0, err
    with av.open("hidden/clip.mp4") as container:
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(frames) == 24
    report = json.loads(Path("hidden/report.json").read_text())["files"][0]
    assert report["frames"] == 24 and report["tracks"] == 1 and report["regions"] == 24


@pytest.mark.parametrize(
    "method", ["fill", "darken", "blur", "pixelate", "noise", "impulse", "svd", "pca", "hypersphere"]
)
def test_every_method_passes_the_doubt_at_its_default(visard: Say, photo: Path, method: str) -> None:
    code, _, err = visard("hide", photo, "--method", method, "--out", "hidden")
    assert code == 0, err


def test_a_weak_setting_fails_closed(visard: Say, photo: Path) -> None:
    code, _, err = visard("hide", photo, "--method", "blur", "--strength", 0.02, "--out", "hidden")
    assert code == 5 and "did not pass" in err and "--strength" in err
    assert not Path("hidden/astronaut.jpg").exists()
    assert not [p for p in Path("hidden").iterdir() if "astronaut" in p.name]


def test_a_portrait_in_ink_over_nothing_is_refused(visard: Say, tmp_path: Path, astronaut: Pixels) -> None:
    """Its colours are one black, in which nobody is: it passed with nothing found."""
    ink = np.dstack([np.zeros_like(astronaut), 255 - np.asarray(Image.fromarray(astronaut).convert("L"))])
    Image.fromarray(ink).save(tmp_path / "ink.png")
    code, _, err = visard("hide", tmp_path / "ink.png", "--out", "h", "--method", "fill")
    assert code == 5 and "drawn in its transparency" in err
    assert not (tmp_path / "h" / "ink.png").exists()


def test_folders_are_mirrored_and_finished_files_skipped(visard: Say, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/a.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "in/deep/b.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "in/notes.txt").write_text("not a picture")
    assert visard("hide", "in", "--out", "hidden")[0] == 0
    stamp = Path("hidden/deep/b.jpg").stat().st_mtime_ns
    (tmp_path / "in/c.jpg").write_bytes(photo.read_bytes())
    code, _, err = visard("hide", "in", "--out", "hidden")
    assert code == 0 and "1 done, 2 skipped" in err
    assert Path("hidden/deep/b.jpg").stat().st_mtime_ns == stamp
    assert len(json.loads(Path("hidden/report.json").read_text())["files"]) == 3


def test_another_policy_does_not_skip_and_does_not_overwrite(visard: Say, photo: Path) -> None:
    assert visard("hide", photo, "--out", "hidden")[0] == 0
    before = Path("hidden/astronaut.jpg").read_bytes()
    code, _, err = visard("hide", photo, "--out", "hidden", "--method", "blur")
    assert code == 4 and "--overwrite" in err
    assert Path("hidden/astronaut.jpg").read_bytes() == before
    assert visard("hide", photo, "--out", "hidden", "--method", "blur", "--overwrite")[0] == 0
    assert Path("hidden/astronaut.jpg").read_bytes() != before


def test_same_input_policy_and_seed_give_the_same_bytes(visard: Say, photo: Path) -> None:
    for out in ("one", "two"):
        assert visard("hide", photo, "--out", out, "--method", "noise", "--seed", 5)[0] == 0
    assert Path("one/astronaut.jpg").read_bytes() == Path("two/astronaut.jpg").read_bytes()


def test_one_file_to_one_file(visard: Say, photo: Path) -> None:
    code, out, _ = visard("hide", photo, "--out", "shown.jpg")
    assert code == 0 and out.strip() == "shown.jpg"
    assert hidden_face(Path("shown.jpg")) and Path("shown.jpg.report.json").exists()


def test_whoever_is_known_by_the_face_needs_faces_to_be_looked_for(visard: Say, photo: Path) -> None:
    for option in ("--keep-person", "--only-person"):
        code, _, err = visard("hide", photo, option, photo, "--policy", "newsroom", "--out", "o")
        assert code == 2
        one_line(err, "people are known by their faces", "add faces to --hide")
    assert not Path("o").exists()


def test_a_track_is_one_sources(visard: Say, photo: Path) -> None:
    Image.open(photo).save("other.png")
    code, _, err = visard("hide", photo, "other.png", "--track", 1, "--out", "o")
    assert code == 2
    one_line(err, "one source's own")
    assert visard("hide", "other.png", "--track", 1, "--variants", 1, "--out", "o")[0] == 0


def test_keep_and_only_person(visard: Say, photo: Path, tmp_path: Path, astronaut: Pixels) -> None:
    Image.fromarray(astronaut[:, ::-1][30:300, 180:420]).save(tmp_path / "me.jpg", quality=90)
    code, _, err = visard("hide", photo, "--keep-person", "me.jpg", "--out", "kept")
    assert code == 0, err
    assert not hidden_face(Path("kept/astronaut.jpg"))
    assert json.loads(Path("kept/report.json").read_text())["files"][0]["spared"] == 1
    code, _, err = visard("hide", photo, "--only-person", "me.jpg", "--out", "only")
    assert code == 0 and hidden_face(Path("only/astronaut.jpg"))


def test_find_edit_and_hide(visard: Say, photo: Path) -> None:
    for form in ("json", "csv"):
        code, out, _ = visard("find", photo, f"--{form}")
        assert code == 0
        Path(f"r.{form}").write_text(out)
        code, _, err = visard("hide", photo, "--regions", f"r.{form}", "--out", f"as-{form}")
        assert code == 0 and hidden_face(Path(f"as-{form}/astronaut.jpg")), err
    assert visard("find", photo, "--out", "regions.json")[0] == 0
    Path("regions.json").write_text(Path("regions.json").read_text().replace('"hide": true', '"hide": false'))
    assert visard("hide", photo, "--regions", "regions.json", "--out", "spared")[0] == 0
    assert not hidden_face(Path("spared/astronaut.jpg"))


def test_a_region_that_was_deleted_is_still_guarded_by_the_second_detector(visard: Say, photo: Path) -> None:
    Path("none.json").write_text('{"regions": []}')
    code, _, err = visard("hide", photo, "--regions", "none.json", "--out", "hidden")
    assert code == 0 and hidden_face(Path("hidden/astronaut.jpg")), err


def test_check(visard: Say, photo: Path) -> None:
    visard("hide", photo, "--out", "hidden")
    code, out, _ = visard("check", photo, "hidden/astronaut.jpg")
    assert code == 0 and "FAILED" not in out
    code, out, err = visard("check", photo, photo)
    assert code == 5 and "FAILED  known_again" in out and "did not pass" in err
    code, out, err = visard("check", photo, photo, "--method", "fill")
    assert code == 5 and "FAILED  detail_left" in out and "FAILED  known_again" in out
    code, out, _ = visard("check", photo, photo, "--method", "blur")
    assert code == 5 and "FAILED  found_again" in out
    assert json.loads(visard("check", photo, "hidden/astronaut.jpg", "--json")[1])


def test_standard_input_and_output(photo: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "visard", "hide", "-"], input=photo.read_bytes(), capture_output=True, check=True
    )
    (tmp_path / "out.jpg").write_bytes(done.stdout)
    assert hidden_face(tmp_path / "out.jpg")


def test_nothing_found_is_flagged_and_strict_makes_it_an_error(visard: Say, tmp_path: Path) -> None:
    Image.new("RGB", (320, 240), (90, 140, 200)).save(tmp_path / "sky.png")
    code, _, err = visard("hide", "sky.png", "--out", "hidden")
    assert code == 0 and "1 with nothing found" in err
    assert json.loads(Path("hidden/report.json").read_text())["files"][0]["nothing_found"]
    assert visard("hide", "sky.png", "--out", "strict", "--strict")[0] == 7
    assert not Path("strict/sky.png").exists()
    Path("empty").mkdir()
    assert visard("hide", "empty", "--out", "strict")[0] == 0
    code, _, err = visard("hide", "empty", "--out", "strict", "--strict")
    assert code == 7
    one_line(err, "empty: no picture and no video")


def test_dry_run_prints_the_resolved_policy(visard: Say, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[face]\nmethod = 'pixelate'\nmargin = 0.3\n")
    code, out, _ = visard("hide", "x.jpg", "--policy", "p.toml", "--strength", 0.5, "--seed", 9, "--dry-run")
    assert code == 0
    assert 'method = "pixelate"' in out and "margin = 0.3" in out and "strength = 0.5" in out and "seed = 9" in out


def test_json_and_quiet(visard: Say, photo: Path) -> None:
    code, out, _ = visard("hide", photo, "--out", "a", "--json")
    assert code == 0 and json.loads(out)["done"] == 1
    assert visard("hide", photo, "--out", "b", "--quiet") == (0, "", "")


def test_models_list_and_verify(visard: Say) -> None:
    code, out, _ = visard("models", "list")
    assert code == 0 and "centerface" in out and "ready" in out
    assert visard("models", "verify")[0] == 0


# What bad input gets


def one_line(err: str, *words: str) -> None:
    lines = [line for line in err.splitlines() if line.startswith("visard: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word in lines[0], err


BROKEN: dict[str, Callable[[Path, Path], object]] = {
    "truncated.jpg": lambda path, photo: path.write_bytes(photo.read_bytes()[:9000]),
    "empty.jpg": lambda path, photo: path.write_bytes(b""),
    "text.jpg": lambda path, photo: path.write_text("I am a letter, not a picture.\n" * 9),
    "missing.jpg": lambda path, photo: None,
    "loop.jpg": lambda path, photo: path.symlink_to(path),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_source_is_one_line_and_the_others_are_done(visard: Say, photo: Path, name: str) -> None:
    BROKEN[name](Path(name), photo)
    code, _, err = visard("hide", name, photo, "--out", "hidden")
    assert code == 3
    one_line(err, name, ";")
    assert hidden_face(Path("hidden/astronaut.jpg"))
    assert not Path("hidden", name).exists()
    files = json.loads(Path("hidden/report.json").read_text())["files"]
    assert {f["status"] for f in files} == {"done", "failed"}


def test_a_decompression_bomb_is_refused(visard: Say, tmp_path: Path) -> None:
    Image.new("1", (40_000, 40_000)).save(tmp_path / "bomb.png")
    code, _, err = visard("hide", "bomb.png", "--out", "hidden")
    assert code == 3
    one_line(err, "bomb.png", "pixels")


def test_a_thin_strip_works(visard: Say, tmp_path: Path) -> None:
    Image.new("RGB", (30_000, 2), (200, 10, 10)).save(tmp_path / "strip.png")
    code, _, err = visard("hide", "strip.png", "--out", "hidden")
    assert code == 0, err
    with Image.open("hidden/strip.png") as strip:
        assert strip.size == (30_000, 2)


def test_files_that_are_not_read_are_named(visard: Say, photo: Path, tmp_path: Path) -> None:
    """A raw photo beside the others still shows whoever it shows."""
    folder = tmp_path / "mixed"
    (folder / "raw").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(photo.read_bytes())
    for name in ("raw/a.cr2", ".hidden"):
        (folder / name).write_bytes(b"raw")
    code, _, err = visard("hide", str(folder), "--method", "fill", "--out", str(tmp_path / "out"))
    assert code == 0 and "1 of formats that are not read, and left alone: a.cr2" in err
    assert "left alone" not in visard("hide", str(photo), "--method", "fill", "--out", str(tmp_path / "one"))[2]


def test_an_unreadable_folder_is_reported_and_the_rest_done(visard: Say, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in/closed").mkdir(parents=True)
    (tmp_path / "in/a.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "in/closed").chmod(0)
    try:
        if os.access(tmp_path / "in/closed", os.R_OK):
            pytest.skip("this user may read everything")
        code, _, err = visard("hide", "in", "--out", "hidden")
    finally:
        (tmp_path / "in/closed").chmod(0o700)
    assert code == 3
    one_line(err, "closed", "cannot be read")
    assert Path("hidden/a.jpg").exists()


def test_a_folder_loop_is_reported_and_the_rest_done(visard: Say, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/a.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "in/sub/again").symlink_to(tmp_path / "in", target_is_directory=True)
    code, _, err = visard("hide", "in", "--out", "hidden")
    assert code == 3
    one_line(err, "again", "symlink loop")
    assert Path("hidden/a.jpg").exists()


def test_two_sources_with_one_name(visard: Say, photo: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(photo.read_bytes())
    code, _, err = visard("hide", "one/a.jpg", "two/a.jpg", "--out", "hidden")
    assert code == 4
    one_line(err, "two/a.jpg", "another source")
    assert hidden_face(Path("hidden/a.jpg"))


def test_the_source_is_never_the_target(visard: Say, photo: Path) -> None:
    before = photo.read_bytes()
    code, _, err = visard("hide", photo, "--out", photo.parent, "--overwrite")
    assert code == 4
    one_line(err, "replace its source")
    assert photo.read_bytes() == before


def test_no_source_is_the_target_of_another(visard: Say, tmp_path: Path, astronaut: Pixels) -> None:
    (tmp_path / "clips").mkdir()
    before = {name: film(tmp_path / "clips" / name, astronaut, 2).read_bytes() for name in ("a.mkv", "a.mp4")}
    code, _, err = visard("hide", "clips", "--out", "clips", "--overwrite", "--method", "fill", "--offline")
    assert code == 4 and "a.mkv: the result would replace another source" in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "clips").glob("a.*")} == before


def test_a_video_that_breaks_off(visard: Say, clip: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    film(whole, np.asarray(np.random.default_rng(0).integers(0, 255, (512, 512, 3), dtype=np.uint8)), 60)
    (tmp_path / "torn.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    code, _, err = visard("hide", "torn.mkv", "--out", "hidden")
    assert code == 3, err
    one_line(err, "torn.mkv")
    assert not Path("hidden/torn.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "pixellate"], ["unknown method", "did you mean 'pixelate'"]),
        (["--policy", "bad.toml"], ["bad.toml", "no setting 'strenght'"]),
        (["--policy", "none.toml"], ["none.toml", "cannot read"]),
        (["--method", "blur", "--strength", "7"], ["strength is 7"]),
        (["--method", "fill", "--strength", "0.5"], ["'fill' has no setting 'strength'"]),
        (["--set", "colour"], ["KEY=VALUE"]),
        (["--method", "fill", "--set", "colour=blurple"], ["colour is 'blurple'"]),
        (["--margin", "-1"], ["margin is -1"]),
        (["--shape", "star"], ["star"]),
        (["--keep-metadata", "GPSInfo"], ["GPSInfo"]),
        (["--codec", "nonsense"], ["nonsense"]),
        (["--keep-person", "none.jpg"], ["none.jpg"]),
        (["--similar", "sex,hair"], ["unknown trait 'hair'", "age, sex, skin"]),
        (["--similar", "sex", "--different"], ["contradict"]),
        (["--regions", "bad.toml"], ["bad.toml", "not a regions file"]),
        (["--no-such-option"], ["no-such-option"]),
        ([""], ["a source has no name"]),
        (["--out", ""], ["--out names nothing"]),
        (["--regions", ""], ["--regions names nothing"]),
    ],
)
def test_wrong_usage_is_one_line(visard: Say, photo: Path, arguments: list[str], words: list[str]) -> None:
    Path("bad.toml").write_text("[face]\nmethod = 'blur'\nstrenght = 0.5\n")
    code, _, err = visard("hide", photo, "--out", "hidden", *arguments)
    assert code == (3 if "none.jpg" in arguments else 2), err
    one_line(err, *words)
    assert not Path("hidden").exists()


def test_an_altered_model_is_refused(visard: Say, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from visard.models import store

    shutil.copytree(store.folder(), tmp_path / "models")
    victim = next((tmp_path / "models").rglob("centerface*"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    environment = {**os.environ, "VISARD_MODELS": str(tmp_path / "models")}
    done = subprocess.run(
        [sys.executable, "-m", "visard", "hide", str(photo), "--out", "hidden", "--offline"],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 6
    one_line(done.stderr, "centerface")
    assert not Path("hidden/astronaut.jpg").exists()


def test_no_model_and_offline(photo: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "VISARD_MODELS": str(tmp_path / "nothing")}
    done = subprocess.run(
        [sys.executable, "-m", "visard", "hide", str(photo), "--out", str(tmp_path / "o"), "--offline"],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 6
    one_line(done.stderr, "visard models fetch")


@pytest.mark.parametrize("missing", [None, 100], ids=["most", "the last bytes"])
def test_a_full_disk_leaves_nothing_behind(visard: Say, photo: Path, tmp_path: Path, missing: int | None) -> None:
    room = 20_000
    if missing:
        assert visard("hide", photo, "--out", "whole.jpg", "--method", "fill")[0] == 0
        room = Path("whole.jpg").stat().st_size - missing

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    command = ["hide", str(photo), "--out", str(tmp_path / "o" / "a.jpg"), "--method", "fill"]
    done = subprocess.run(
        [sys.executable, "-m", "visard", *command], capture_output=True, text=True, preexec_fn=small_files, check=False
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    one_line(done.stderr, "a.jpg: the disk is full")
    assert not (tmp_path / "o" / "a.jpg").exists()
    assert not [p for p in (tmp_path / "o").iterdir() if p.suffix == ".jpg"]


def test_ctrl_c_leaves_nothing_half_written_and_the_run_goes_on_later(
    tmp_path: Path, photo: Path, astronaut: Pixels
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(photo.read_bytes())
    film(tmp_path / "in/b.mp4", astronaut, frames=120)
    command = [
        sys.executable,
        "-m",
        "visard",
        "hide",
        str(tmp_path / "in"),
        "--out",
        str(tmp_path / "o"),
        "--jobs",
        "1",
    ]
    # Whoever runs the tests in the background may have told them to ignore Ctrl-C; a terminal has not.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "o/a.jpg").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    one_line(err, "stopped")
    assert {p.name for p in (tmp_path / "o").iterdir()} == {"a.jpg", "report.json", "report.html"}
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "1 done, 1 skipped" in done.stderr


def test_a_failure_is_said_while_networks_still_load() -> None:
    code = """import sys, threading, time
from visard.__main__ import main
from visard.models.runtimes import without_info_lines
begun = threading.Event()
def load():
    with without_info_lines():
        begun.set()
        time.sleep(0.5)
threading.Thread(target=load, daemon=True).start()
begun.wait()
sys.argv = ["visard", "hide", "none.jpg", "--method", "fil"]
main()"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    one_line(done.stderr, "unknown method 'fil'")
