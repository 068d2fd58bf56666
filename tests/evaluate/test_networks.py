"""Networks that measure: equal pictures are equal, the architectures are the published ones, names tell substitutes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from visard.evaluate import inception, perception
from visard.evaluate.perception import Lpips, MobileLpips, PieApp, perceived
from visard.models import store
from visard.types import Pixels

torch = pytest.importorskip("torch", reason="needs torch")


def have(*models: str) -> None:
    if missing := store.absent(models):
        pytest.skip(f"run `visard models fetch {' '.join(missing)}`")


def noise(*shape: int) -> Any:
    """Random weights that keep the size of what they are given."""
    spread = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, spread, shape).astype(np.float32))


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files that stand in for official ones: the same names and shapes, other numbers."""
    files: dict[str, bytes] = {}
    real = store.read
    for module in (perception, inception):
        monkeypatch.setattr(module, "read", lambda name: files[name] if name in files else real(name))
    return files


def packed(weights: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    torch.save(weights, file)
    return file.getvalue()


def alexnet() -> Iterator[tuple[str, Any]]:
    for number, shape in {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3),
                          10: (256, 256, 3, 3)}.items():  # fmt: skip
        yield f"features.{number}.weight", noise(*shape)
        yield f"features.{number}.bias", noise(shape[0])


def degraded(pixels: Pixels) -> tuple[Pixels, Pixels]:
    return (np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1), np.uint8),
            np.asarray(cv2.GaussianBlur(pixels, (0, 0), 8), np.uint8))  # fmt: skip


def test_lpips_is_the_published_formula(astronaut: Pixels, brought: dict[str, bytes]) -> None:
    """Beside the same network built of torch's own modules, as torchvision lays AlexNet out."""
    have("lpips_alex")
    weights = dict(alexnet())
    brought["alexnet"] = packed(weights)
    nn = torch.nn
    layers = [nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(),
              nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1),
              nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()]  # fmt: skip
    backbone = nn.Sequential(*layers)
    backbone.load_state_dict({name.removeprefix("features."): w for name, w in weights.items()})
    heads = torch.load(io.BytesIO(store.read("lpips_alex")), map_location="cpu", weights_only=True)

    def maps(pixels: Pixels) -> list[Any]:
        x = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()).float() / 127.5 - 1
        x = (x - torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)) / torch.tensor([0.458, 0.448, 0.450]).view(
            1, 3, 1, 1
        )
        found = []
        for layer in backbone:
            x = layer(x)
            found += [torch.nn.functional.normalize(x, dim=1)] if isinstance(layer, nn.ReLU) else []
        return found

    face = np.ascontiguousarray(astronaut[60:160, 180:290])
    worse, worst = degraded(face)
    with torch.no_grad():
        known = sum(
            float(((a - b) ** 2 * heads[f"lin{i}.model.1.weight"]).sum(1).mean())
            for i, (a, b) in enumerate(zip(maps(face), maps(worst), strict=True))
        )
    lpips = Lpips()
    assert lpips(face, worst) == pytest.approx(known, rel=1e-4) and lpips(face, face) == 0
    assert lpips(face, worse) < lpips(face, worst)


def test_the_substitute_for_lpips_has_a_name_of_its_own(astronaut: Pixels) -> None:
    have("mobilenetv2")
    worse, worst = degraded(astronaut)
    near, far = (perceived(MobileLpips, [(astronaut, each)], ["a"]) for each in (worse, worst))
    assert near.name == "lpips_mobilenetv2" != Lpips.name
    assert near.value is not None and far.value is not None and 0 < near.value < far.value < 4
    assert perceived(MobileLpips, [(astronaut, astronaut)], ["a"]).value == 0


@pytest.mark.parametrize("kind", [Lpips, PieApp])
def test_without_the_official_file_there_is_a_reason_and_no_number(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISARD_MODELS", "/nonexistent")
    score = perceived(kind, [], [])
    assert score.value is None and "visard models add" in score.reason


def pieapp() -> Iterator[tuple[str, Any]]:
    sides = (3, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512)
    for number in range(1, 12):
        yield f"conv{number}.weight", noise(sides[number], sides[number - 1], 3, 3)
        yield f"conv{number}.bias", noise(sides[number])
    for name, wide in (("score", 120832), ("weight", 2048)):
        yield f"fc1_{name}.weight", noise(512, wide)
        yield f"fc1_{name}.bias", noise(512)
        yield f"fc2_{name}.weight", noise(1, 512)
        yield f"fc2_{name}.bias", noise(1)
    yield "ref_score_subtract.weight", torch.ones(1)
    yield "ref_score_subtract.bias", torch.zeros(1)


def test_pieapp_takes_the_published_weights(astronaut: Pixels, brought: dict[str, bytes]) -> None:
    """Layer by layer beside torch's own modules, on one patch, where patches' weights cancel out."""
    weights = dict(pieapp())
    brought["pieapp"] = packed(weights)
    face = np.ascontiguousarray(astronaut[80:144, 190:254])
    worst = degraded(face)[1]

    def features(pixels: Pixels) -> Any:
        x = torch.from_numpy(pixels[..., ::-1].transpose(2, 0, 1)[None].copy()).float()
        kept = []
        for number in range(1, 12):
            x = torch.relu(torch.conv2d(x, weights[f"conv{number}.weight"], weights[f"conv{number}.bias"], padding=1))
            kept += [x.flatten(1)] if number in (3, 5, 7, 9, 11) else []
            x = torch.max_pool2d(x, 2) if number in (2, 4, 6, 8, 10) else x
        return torch.cat(kept, 1)

    linear = torch.nn.functional.linear
    wide = features(face) - features(worst)
    inner = torch.relu(linear(wide, weights["fc1_score.weight"], weights["fc1_score.bias"]))
    known = 0.01 * float(linear(inner, weights["fc2_score.weight"], weights["fc2_score.bias"]))
    measure = PieApp()
    assert measure(face, worst) == pytest.approx(known, rel=1e-3)
    assert np.isfinite(measure(astronaut[:100, :130], astronaut[5:105, :130]))


def test_inception_takes_the_published_weights(astronaut: Pixels, brought: dict[str, bytes]) -> None:
    """Shapes are those of the release; of its features nothing can be said without its numbers."""
    weights: dict[str, Any] = {}
    for name, shape in zip(inception.NAMES, shapes(), strict=True):
        weights[f"{name}.conv.weight"] = noise(*shape)
        for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            weights[f"{name}.bn.{part}"] = torch.full((shape[0],), float(value))
    brought["inception"] = packed(weights)
    found = inception.Inception()(astronaut)
    assert found.shape == (inception.FEATURES,) and np.isfinite(found).all() and found.std() > 0


def shapes() -> list[tuple[int, ...]]:
    """The 94 kernels of Inception-v3, from the release that a package holds."""
    have("inception_nsfw", *(f"inception_nsfw_{i}" for i in range(1, 7)))
    arrays = dict(inception._unpacked())
    return [arrays[f"conv2d_{i}/kernel"].transpose(3, 2, 0, 1).shape for i in range(1, 95)]


def test_the_other_inception_still_sees(astronaut: Pixels) -> None:
    """Its own head, which is not used to measure, takes a portrait for a decent photo."""
    shapes()
    arrays = dict(inception._unpacked())
    x = inception.InceptionNsfw()(astronaut)
    for layer in range(1, 4):
        x = x @ arrays[f"dense_{layer}/kernel"] + arrays[f"dense_{layer}/bias"]
        x = np.maximum(x, 0) if layer < 3 else x
    assert int(x.argmax()) == 2, "drawing, hentai, neutral, porn, sexy"


def test_official_files_are_known_by_their_bytes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib
    from dataclasses import replace

    from visard.errors import ModelError, SourceError

    content = b"official"
    official = replace(store.catalog()["alexnet"], sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(store, "catalog", lambda: {"alexnet": official})
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path / "models"))
    said: list[str] = []
    with pytest.raises(ModelError, match="visard models add") as caught:
        store.fetch(["alexnet"], said.append)
    assert "alexnet-owt-7be5be79.pth" in str(caught.value.hint) and store.remedy(["alexnet"]) == caught.value.hint
    (tmp_path / "any name").write_bytes(content)
    store.add(tmp_path / "any name", said.append)
    assert store.read("alexnet") == content and "BSD-3-Clause" in said[0]
    (tmp_path / "any name").write_bytes(content + b"!")
    with pytest.raises(ModelError, match=r"alexnet-owt-7be5be79\.pth"):
        store.add(tmp_path / "any name", said.append)
    with pytest.raises(SourceError):
        store.add(tmp_path / "absent", said.append)
