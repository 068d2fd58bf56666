"""The m-SVDD layer: as right as a linear one, unwilling to name strangers, and trained from a folder of people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from visard.cli.app import run
from visard.errors import UsageError

torch = pytest.importorskip("torch", reason="torch is not installed")

CLASSES, SIZE = 6, 24


def clusters(spread: float = 0.35, each: int = 30) -> object:
    """Return features of well separated people, every fifth for testing."""
    from visard.train.msvdd import Known

    random = torch.Generator().manual_seed(5)
    centres = torch.nn.functional.normalize(torch.randn(CLASSES, SIZE, generator=random)) * 2
    labels = torch.arange(CLASSES).repeat_interleave(each)
    features = centres[labels] + spread * torch.randn(len(labels), SIZE, generator=random) / SIZE**0.5
    part = (torch.arange(len(labels)) % 5 - 2).clamp(min=0)
    return Known(features, labels, part, tuple(f"person {i}" for i in range(CLASSES)))


@pytest.fixture(scope="module")
def defence() -> object:
    from visard.train import msvdd

    return msvdd.fit(clusters(), seed=0)  # type: ignore[arg-type]


def test_it_is_as_right_as_the_layer_it_replaces(defence) -> None:  # type: ignore[no-untyped-def]
    linear, msvdd = defence.accuracy
    assert linear > 0.95 and msvdd > linear - 0.02
    assert defence.accepted > 0.6


def test_it_rejects_whom_it_does_not_know(defence) -> None:  # type: ignore[no-untyped-def]
    random = torch.Generator().manual_seed(9)
    strangers = torch.nn.functional.normalize(torch.randn(200, SIZE, generator=random)) * 2
    outputs = defence.msvdd((strangers - defence.mean) / defence.spread)
    assert float(defence.msvdd.accepts(outputs).float().mean()) < 0.1
    assert bool(defence.linear.accepts(outputs).all())


def test_an_output_is_the_radius_less_the_distance() -> None:
    from visard.nets.msvdd import Msvdd

    torch.manual_seed(1)
    head = Msvdd(SIZE, CLASSES)
    x, labels = torch.randn(40, SIZE), torch.arange(40) % CLASSES
    head.settle(x, labels)
    head.refresh(x, labels, outside=0.2)
    placed = head.place(x)
    by_hand = head.squared - torch.cdist(placed, head.centres) ** 2
    assert torch.allclose(head(x), by_hand, atol=1e-4)
    assert float(head.centres.abs().min()) >= 0.1 - 1e-6
    own = head(x)[torch.arange(40), labels]
    assert abs(float((own < 0).float().mean()) - 0.2) < 0.1
    assert not [name for name, _ in head.named_parameters() if "bias" in name]


def test_the_same_seed_gives_the_same_layer() -> None:
    from visard.train import msvdd

    one, other = (msvdd.fit(clusters(each=10), seed=3) for _ in range(2))  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip(one.msvdd.parameters(), other.msvdd.parameters(), strict=True))


def test_the_command_trains_on_a_folder_of_people(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from safetensors.numpy import load_file

    from visard.methods.donors import bank, frontal

    donors = bank()
    for number in (0, 700):
        folder = tmp_path / "people" / str(number)
        folder.mkdir(parents=True)
        view, _ = frontal(donors.texture(number), donors.build(donors.shapes[number]))
        for i in range(5):
            lit = np.clip(view * (0.8 + 0.08 * i), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{i}.png"), lit[:, :, ::-1])
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["train", "msvdd", "--data", str(tmp_path / "people"), "--out", str(out)]
    assert run(arguments) == 0
    assert "2 people" in capfd.readouterr().err
    assert load_file(out / "msvdd.safetensors")["msvdd.centres"].shape[0] == 2
    assert "not stated" in (out / "msvdd.md").read_text("utf-8")
    assert run(arguments) == 4, "a file that exists is not replaced unasked"


def test_too_few_people_are_one_clear_line() -> None:
    from visard.train.msvdd import gather

    with pytest.raises(UsageError, match="0 people have 5 photos"):
        gather(iter([None]), 1, 10, lambda *_: None)
