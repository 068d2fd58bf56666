"""The judge: oracles on real faces, results that are taken up again, and faults in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visard.attack.cache import Cache
from visard.attack.recognisers import make
from visard.attack.restore import wiener
from visard.attack.score import Score
from visard.errors import SourceError, TargetError, UsageError
from visard.evaluate.hiding import described
from visard.evaluate.judge import Judge
from visard.evaluate.people import Picture, load
from visard.evaluate.quality import psnr
from visard.evaluate.results import (
    CLEAR,
    CONTEXT,
    COST,
    NO_RECOGNISER,
    PICTURES,
    RECOVERY,
    Result,
    add_result,
    is_attack,
    load_results,
    shown_to,
)  # fmt: skip
from visard.evaluate.table import cell, gaps, tabulate
from visard.types import Pixels


@pytest.fixture(scope="module")
def judge(astronaut: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Two people, of whom both are the astronaut, and a wall."""
    wall = np.full_like(astronaut, 90)
    pictures = [Picture("a", "a/0", astronaut), Picture("a", "a/1", astronaut[:, ::-1].copy()),
                Picture("b", "b/0", astronaut[10:, 5:].copy()), Picture("b", "b/1", astronaut[:-9, ::-1].copy()),
                Picture("b", "b/2", wall)]  # fmt: skip
    return Judge(pictures, Cache(tmp_path_factory.mktemp("kept") / "x.sqlite"), recognisers=[make("dlib")])


def scores(judge: Judge, method: str, group: str = PICTURES) -> dict[str, Score]:
    (result,) = judge.measure(method, [group])
    assert (result.setup, result.method, result.group) == (judge.setup, method, group)
    return {score.name: score for score in result.scores}


def test_a_picture_without_a_face_is_left_out_and_counted(judge: Judge) -> None:
    assert judge.faceless == 1 and len(judge.pictures) == 4 and judge.people == 2


def test_clear_pictures_are_the_ceiling(judge: Judge) -> None:
    found = scores(judge, CLEAR)
    assert found["CenterFace any"].value == found["CenterFace same place"].value == found["pose found"].value == 1
    assert found["pose"].value is not None and found["pose"].value < 0.15
    assert found["SSIM"].value == pytest.approx(1) and found["outside change"].value == found["seam"].value == 0
    assert found["sharpness"].value == 1 and (found["yaw"].value or 0) < 3
    assert found["PSNR"].value is None and "as it was" in found["PSNR"].reason
    known = scores(judge, CLEAR, "dlib")
    assert known["label agreement"].value == 1 and known["rank-1"].n == 4
    assert known["TAR@0.001"].value is None and "strangers" in known["TAR@0.001"].reason


def test_a_cover_leaves_no_face_and_all_the_rest(judge: Judge) -> None:
    found = scores(judge, "fill:colour=white")
    assert found["CenterFace same place"].value == 0 and found["outside change"].value == 0
    assert found["pose"].value is None and found["pose found"].value == 0
    assert found["PSNR"].value is not None and found["PSNR"].value < 30


def test_of_grey_pictures_only_what_leaks_is_asked(judge: Judge) -> None:
    assert scores(judge, CONTEXT).keys() == {"sex kept", "sex guessed", "age change"}


def test_an_attacker_may_deblur_first(judge: Judge) -> None:
    blurred, restored = judge.looks("blur:strength=0.05"), judge.looks("blur:strength=0.05", wiener)
    for one, other in zip(blurred, restored, strict=True):
        middle = one.box.grow(-0.1).cells(*one.clean.shape[:2])
        assert psnr(other.clean[middle], other.hidden[middle]) > psnr(one.clean[middle], one.hidden[middle]) + 1


def test_no_face_anywhere_is_one_line(astronaut: Pixels) -> None:
    with pytest.raises(UsageError, match="no face in any of 1"):
        Judge([Picture("a", "a/0", np.zeros_like(astronaut))])


def test_methods_are_described_with_their_settings() -> None:
    rule = described("blur:strength=0.3").rules["face"]
    assert rule.method == "blur" and rule.settings == {"strength": 0.3}
    assert described("fill:colour=white").rules["face"].settings == {"colour": "white"}
    for wrong in ("blurr", "blur:strength", "blur:colour=red", "blur:strength=7", "ksame-pixel:k=1"):
        with pytest.raises(UsageError):
            described(wrong)


def test_results_are_kept_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "results.jsonl"
    results = [Result("x", "blur", g, (Score("rank-1", 0.5, 4, 0.1, 0.9), Score("pose", None, 0, reason="none")))
               for g in ("dlib", PICTURES)]  # fmt: skip
    assert load_results(file) == []
    for result in results:
        add_result(file, result)
    assert load_results(file) == results
    file.write_text("{}\n")
    with pytest.raises(SourceError, match="not a file of results"):
        load_results(file)
    with pytest.raises(TargetError):
        add_result(file / "below" / "results.jsonl", results[0])


def test_tables_hold_every_number_with_its_interval_or_its_reason() -> None:
    share, plain, none = (
        Score("rank-1", 0.5, 4, 0.15, 0.85),
        Score("SSIM", 0.9, 3),
        Score("pose", None, 0, reason="dark"),
    )
    assert cell(share) == "50.0 (15.0-85.0, n = 4)" and cell(plain) == "0.90 (n = 3)" and cell(none) == "-"
    assert gaps({"blur": [share, none], "fill": [none]}) == ["absent, pose: dark (everywhere)"]
    table = tabulate("T", [({"by": "x"}, [plain]), ({"by": "y"}, [plain, none])])
    assert table.markdown(2) == (
        "## T\n\n| by | SSIM |\n| --- | --- |\n| x | 0.90 (n = 3) |\n| y | 0.90 (n = 3) |\n\n- absent, pose: dark (y)\n"
    )


@pytest.mark.data
def test_the_parrot_beats_the_naive_attacker_on_blur(data: Path, tmp_path: Path) -> None:
    """On twelve people of the tuning half, by dlib."""
    judge = Judge(load(data / "lfw_dev.tar", 12, 4, "tune"), Cache(tmp_path / "x.sqlite"), recognisers=[make("dlib")])
    found = scores(judge, "blur", "dlib")
    parrot, naive = found["parrot rank-1"], found["rank-1"]
    assert parrot.value is not None and naive.value is not None
    assert parrot.value > naive.value


def test_whoever_holds_the_key_gets_every_pixel_back_and_others_nothing(judge: Judge) -> None:
    found = scores(judge, "blur", RECOVERY)
    assert found["exactly recovered"].value == 1 and found["wrong keys that open"].value == 0
    assert found["exactly recovered"].n == 4 and found["recovered SSIM"].value == pytest.approx(1)
    assert found["recovered PSNR"].value is None and "infinite" in found["recovered PSNR"].reason
    assert scores(judge, CLEAR, RECOVERY)["exactly recovered"].value is None


def test_what_a_network_hides_under_a_password_comes_back_by_it(
    judge: Judge, untaught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visard.models.taught.FOLDER", untaught)
    found = scores(judge, "transformer", RECOVERY)
    assert found["exactly recovered"].value == 0, "a likeness, not the pixels"
    assert found["recovered PSNR"].value is not None and 3 < found["recovered PSNR"].value < 40
    assert found["wrong keys that open"].value is None and "shows somebody else" in found["wrong keys that open"].reason
    assert scores(judge, "transformer")["outside change"].value == 0


def test_costs_count_the_networks_that_a_face_asks(judge: Judge) -> None:
    new, old = scores(judge, "surrogate", COST), scores(judge, "fill", COST)
    assert old["million MACs"].value == old["million parameters"].value == 0
    assert (new["million parameters"].value or 0) > 0.6, "the face mesh alone has as many"
    assert (new["million MACs"].value or 0) > 35


def test_methods_in_groups_hide_everybodys_pictures_of_one_number_together(judge: Judge) -> None:
    """Both people wear one face in each of the two releases, and nobody is asked whether they are one person."""
    looks = judge.looks("ksame-pixel:k=2")
    faces = [look.hidden[look.box.grow(-0.2).cells(*look.clean.shape[:2])] for look in looks]
    assert [look.person for look in looks] == ["a", "a", "b", "b"]
    assert all(psnr(look.clean, look.hidden) < 60 for look in looks)
    middles = [face[face.shape[0] // 2 - 20 : face.shape[0] // 2 + 20].mean((0, 1)) for face in faces]
    assert np.abs(middles[0] - middles[2]).max() < 6 and np.abs(middles[1] - middles[3]).max() < 6
    assert scores(judge, "ksame-pixel:k=2", COST)["ms a face"].value is None
    with pytest.raises(UsageError, match="too few"):
        judge.looks("ksame-pixel:k=3")


def test_recognisers_are_asked_again_after_methods_are_undone(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """How well a network learns to undo a blur is told in tests/attack/test_restore.py; here it hardly begins."""
    pytest.importorskip("torch", reason="needs torch")
    monkeypatch.setattr("visard.evaluate.judge._STEPS", 2)
    learnt = Judge(judge.pictures, judge.keep, recognisers=[make("dlib")], learners=judge)
    assert learnt.groups("fill") == [*NO_RECOGNISER, "dlib"], "nothing is left to undo"
    assert learnt.groups("blur") == [*NO_RECOGNISER, "dlib", "dlib after Wiener", "dlib after U-Net (2 people)"]
    assert learnt.groups(CLEAR) == [*NO_RECOGNISER, "dlib"]
    method = "blur:strength=0.1"
    (net,) = learnt.measure(method, ["dlib after U-Net (2 people)"])
    assert {score.name for score in net.scores} >= {"rank-1", "parrot rank-1"} and is_attack(net)
    assert shown_to(net) == ("blur:strength=0.1, after U-Net (2 people)", "dlib")
