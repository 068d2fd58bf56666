"""The denoiser's recipe at its least: it learns, resumes to the bit; what ships is the average, and paints faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visard.errors import ModelError, Unfit, UsageError  # noqa: E402
from visard.methods import make  # noqa: E402
from visard.methods.diffuse import Diffuse  # noqa: E402
from visard.methods.diffusion import ddim, path  # noqa: E402
from visard.models.denoiser import denoiser, told  # noqa: E402
from visard.nets.denoiser import Denoiser, wrapped  # noqa: E402
from visard.train import denoiser as teaching  # noqa: E402
from visard.train import export as exporting  # noqa: E402
from visard.train.album import Album  # noqa: E402
from visard.train.checkpoint import read  # noqa: E402
from visard.train.denoiser import Faces, Lesson, Noisy, Recipe  # noqa: E402
from visard.train.export import export  # noqa: E402
from visard.train.loop import CHECKPOINT, train  # noqa: E402
from visard.types import Pixels  # noqa: E402

from ..test_contract import patch_of  # noqa: E402
from .test_samples import album, silent  # noqa: E402, F401

TINY = Recipe(widths=(8, 8, 8, 8), rate=2e-3, warming=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(teaching, "_SHOWN", 2)
    monkeypatch.setattr(teaching, "_DRAWN", 2)


def test_a_noisy_face_is_always_the_same_and_of_unit_variance(album: Album) -> None:  # noqa: F811
    one, again = Faces(album)[5], Faces(album)[5]
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert one.noise.std() == pytest.approx(1, abs=0.05) and one.level.shape == (16,)
    assert not np.array_equal(told(0.9), told(0.8))


def test_it_learns_what_is_noise(album: Album) -> None:  # noqa: F811
    lesson = Lesson(album, TINY, 4)
    batch = Noisy(*torch.utils.data.default_collate([lesson.samples[n] for n in range(4)]))
    losses = [lesson.learn(batch, step)["noise"] for step in range(30)]
    assert losses[-1] < 0.9 * losses[0]


def test_an_interrupted_training_equals_an_uninterrupted_one(album: Album, tmp_path: Path) -> None:  # noqa: F811
    train(Lesson(album, TINY, 2), tmp_path / "whole", 1, steps=3)
    train(Lesson(album, TINY, 2), tmp_path / "parts", 1, steps=2)
    train(Lesson(album, TINY, 2), tmp_path / "parts", 1, resume=True, steps=1)
    one, other = (read(tmp_path / name / CHECKPOINT)[1] for name in ("whole", "parts"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture(scope="module")
def weights(album: Album, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A denoiser that was hardly taught, exported; beside it the checkpoint."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("denoiser")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "_SHOWN", 2)
        patch.setattr(teaching, "_DRAWN", 2)
        train(Lesson(album, TINY, 2), folder, 1, steps=4)
        patch.setattr(exporting, "_LEAST", 2)
        return export(folder, folder / "out", "Drawn; free.")


def test_the_average_ships_and_onnx_equals_torch(weights: Path) -> None:
    tensors = read(weights.parents[1] / CHECKPOINT)[1]
    average = {k[8:]: v for k, v in tensors.items() if k.startswith("average.")}
    assert any(not torch.equal(v, tensors[f"net.{k}"]) for k, v in average.items())
    net = Denoiser(TINY.widths).requires_grad_(False)
    net.load_state_dict(average)
    noisy = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for level in (0.01, 0.5, 0.99):
        ours, theirs = denoiser(str(weights))(noisy.numpy(), level), wrapped(net)(noisy, level).numpy()
        assert np.abs(theirs).max() > 0 and np.abs(ours - theirs).max() < 1e-4


def test_the_mathematics_takes_tensors_as_well(weights: Path) -> None:
    noisy = np.random.default_rng(0).standard_normal((1, 3, 64, 64), np.float32)
    net = Denoiser(TINY.widths).requires_grad_(False)
    tensors = read(weights.parents[1] / CHECKPOINT)[1]
    net.load_state_dict({k[8:]: v for k, v in tensors.items() if k.startswith("average.")})
    way = path(4, 0.5)
    ours, theirs = ddim(denoiser(str(weights)), noisy, way), ddim(wrapped(net), torch.from_numpy(noisy), way)
    assert np.abs(ours - theirs.numpy()).max() < 1e-3


def test_diffuse_is_blind_from_nothing_but_noise_and_not_otherwise(weights: Path, astronaut: Pixels) -> None:
    patch = patch_of(astronaut, around=Diffuse.around)
    noise = np.random.default_rng(0).integers(0, 256, patch.pixels.shape, np.uint8)
    other = replace(patch, pixels=np.where((patch.mask > 0)[..., None], noise, patch.pixels))
    for strength in (1.0, 0.4):
        method = Diffuse(strength, str(weights))
        one, two = method(patch), method(other)
        out = patch.mask == 0
        assert np.array_equal(one[out], patch.pixels[out]), "known pixels are exact"
        assert np.array_equal(one[~out], two[~out]) == (strength == 1.0)
    with pytest.raises(Unfit):
        method(replace(patch, mesh=None))


def test_without_weights_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without weights and card does not run"):
        make("diffuse")
    with pytest.raises(UsageError, match="none is missing"):
        make("diffuse", {"weights": str(tmp_path / "none")})
