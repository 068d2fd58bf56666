"""Oracles: identical input gives the ceiling, a constant picture chance; the parrot reads what the naive cannot."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visard.attack.agree import Agree
from visard.attack.evidence import Evidence, number
from visard.attack.identify import Identify, ranks, true_accepts
from visard.attack.link import Link, linkability
from visard.attack.parrot import Parrot, classify
from visard.attack.recognisers.recogniser import centred, unit
from visard.attack.score import Score, rate, wilson
from visard.attack.verify import Verify
from visard.errors import UsageError

PEOPLE, SHOTS, SIZE = 40, 4, 64


def crowd(noise: float, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors of PEOPLE x SHOTS pictures, each near its person's own direction."""
    random = np.random.default_rng(seed)
    faces = np.repeat(np.random.default_rng(7).normal(size=(PEOPLE, SIZE)), SHOTS, 0)
    return unit((faces + noise * random.normal(size=faces.shape)).astype(np.float32))


def evidence(clean: NDArray[np.float32], hidden: NDArray[np.float32]) -> Evidence:
    return Evidence(*number([str(i // SHOTS) for i in range(PEOPLE * SHOTS)]), clean, hidden)


def by_name(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {score.name: score for score in scores}


def value(score: Score) -> float:
    assert score.value is not None
    return score.value


def test_identical_pictures_give_the_ceiling() -> None:
    clean = crowd(0.3)
    scores = by_name(Identify()(evidence(clean, clean)))
    assert value(scores["rank-1"]) == value(scores["rank-5"]) == 1 and scores["rank-1"].n == PEOPLE * SHOTS
    assert value(scores["TAR@0.001"]) == 1 and scores["TAR@0.001"].n == PEOPLE * SHOTS * (SHOTS - 1)
    assert value(Parrot()(evidence(clean, clean))[0]) == 1
    assert value(Link()(evidence(clean, clean))[0]) > 0.95


@pytest.mark.parametrize("constant", [np.zeros(SIZE), np.ones(SIZE) / 8])
def test_a_constant_picture_gives_chance(constant: NDArray[np.float64]) -> None:
    clean = crowd(0.3)
    hidden = np.broadcast_to(constant.astype(np.float32), clean.shape)
    seen = evidence(clean, hidden)
    scores = by_name(Identify()(seen))
    assert value(scores["rank-1"]) <= seen.chance + 1e-9
    assert value(scores["TAR@0.01"]) <= 0.02
    assert value(Parrot()(seen)[0]) == pytest.approx(seen.chance)
    assert value(Link()(seen)[0]) == 0


def test_strangers_give_chance_and_no_linkage() -> None:
    clean, others = crowd(0.3), unit(np.random.default_rng(3).normal(size=(PEOPLE * SHOTS, SIZE)).astype(np.float32))
    seen = evidence(clean, others)
    for score in (by_name(Identify()(seen))["rank-1"], Parrot()(seen)[0]):
        assert score.low is not None and score.low <= seen.chance
    assert value(Link()(seen)[0]) < 0.15


def test_the_parrot_reads_what_a_method_only_turned() -> None:
    """A fixed rotation hides everyone from the gallery, and nobody from one who learned it."""
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(SIZE, SIZE)))[0].astype(np.float32)
    seen = evidence(crowd(0.3), crowd(0.3, seed=5) @ turn)
    assert value(Identify()(seen)[0]) < 0.2
    assert value(Parrot()(seen)[0]) > 0.9
    assert value(Link()(seen)[0]) > 0.8


def test_the_hidden_picture_itself_is_not_in_the_gallery() -> None:
    """Pictures that are like nothing but themselves are recognised by nobody."""
    alone = np.eye(PEOPLE * SHOTS, dtype=np.float32)
    assert value(Identify()(evidence(alone, alone))[0]) == 0


def test_ranks_count_ties_half() -> None:
    people, shots = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert ranks(np.ones((4, 4), np.float32), people, shots).tolist() == [1.5] * 4


def test_accepts_stay_within_the_share_of_strangers() -> None:
    strangers = np.arange(1000, dtype=np.float32)
    assert true_accepts(np.array([998.5, 989.5, 988.0], np.float32), strangers, 1e-2).value == pytest.approx(2 / 3)
    absent = true_accepts(strangers, strangers[:50], 1e-2)
    assert absent.value is None and "50 pairs" in absent.reason


def test_linkability_of_known_distributions() -> None:
    random = np.random.default_rng(0)
    same = linkability(random.normal(size=3000).astype("f4"), random.normal(size=100_000).astype("f4"))
    apart = linkability((random.normal(size=3000) + 20).astype("f4"), random.normal(size=100_000).astype("f4"))
    assert value(same) < 0.1 and value(apart) == pytest.approx(1, abs=0.01)
    # Uniform on (0, 1) against uniform on (0, 2): LR = 2 wherever a genuine score lies, so 1/3.
    half = linkability(random.uniform(0, 1, 3000).astype("f4"), random.uniform(0, 2, 200_000).astype("f4"))
    assert value(half) == pytest.approx(1 / 3, abs=0.03)
    assert linkability(np.ones(3, np.float32), np.ones(9, np.float32)).value is None


def test_a_head_on_constant_pictures_names_somebody() -> None:
    said = classify(np.ones((4, 3), np.float32), np.array([0, 0, 1, 1]), np.ones((2, 3), np.float32))
    assert said.tolist() == [0, 0]


def test_wilson_as_published() -> None:
    """Newcombe 1998, table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    nothing = rate("x", 0, 0)
    assert nothing.value is None and nothing.reason


def test_centring_removes_what_all_share() -> None:
    shared = unit(crowd(0.3) + np.float32(5))
    assert abs(centred(shared).mean()) < 0.01
    assert not centred(np.ones((3, 4), np.float32)).any()


def test_evidence_needs_two_people_with_two_pictures_each() -> None:
    rows = np.ones((3, 4), np.float32)
    with pytest.raises(UsageError, match="1 people"):
        Evidence(*number(["a", "a", "a"]), rows, rows)
    with pytest.raises(UsageError, match="one picture"):
        Evidence(*number(["a", "a", "b"]), rows, rows)


def test_agreement_and_clear_thresholds_at_their_ends() -> None:
    clean = crowd(0.3)
    same, strange = evidence(clean, clean), evidence(clean, crowd(0.3)[::-1].copy())
    assert value(Agree()(same)[0]) == 1 and value(Agree()(strange)[0]) < 0.1
    assert value(by_name(Verify()(same))["clear TAR@0.01"]) == 1
    assert value(by_name(Verify()(strange))["clear TAR@0.01"]) < 0.05
    constant = evidence(clean, np.zeros_like(clean))
    assert value(Agree()(constant)[0]) == pytest.approx(constant.chance, abs=0.03)
