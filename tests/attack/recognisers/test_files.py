"""Recognisers from files: any ONNX embedder with its description, and the official FaceNet of VGGFace2."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visard.attack.looks import embed
from visard.attack.recognisers import facenet_vggface2, find_recogniser, make
from visard.cli.app import run
from visard.errors import ModelError, SourceError, UsageError
from visard.models import store
from visard.models.onnx import Graph
from visard.models.wire import fields
from visard.types import Pixels

from .test_recognisers import POINTS


@pytest.fixture
def embedder(tmp_path: Path) -> Path:
    """The smallest embedder: four random filters of 8 x 8 pixels, and the mean of each."""
    graph = Graph("toy", {"face": (1, 3, 32, 32)})
    kernels = np.random.default_rng(0).normal(0, 0.1, (4, 3, 8, 8)).astype(np.float32)
    output = graph.mean(graph.relu(graph.conv("face", kernels, np.zeros(4, np.float32), stride=4)))
    file = tmp_path / "toy.onnx"
    file.write_bytes(graph.to_bytes({output: (1, 4, 1, 1)}))
    file.with_suffix(".toml").write_text('side = 32\nscale = 128\norder = "bgr"\nlicence = "CC0-1.0"\n')
    return file


def test_an_onnx_file_embeds_faces_as_it_is_described(embedder: Path) -> None:
    recogniser = make(str(embedder))
    assert recogniser.name.startswith("toy@") and recogniser.framing.side == 32
    assert recogniser.card.licence == "CC0-1.0" and recogniser.card.training == "not stated"
    faces = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    vectors = recogniser(faces)
    assert vectors.shape == (3, 4) and vectors.dtype == np.float32
    assert recogniser(faces[:0]).shape == (0, 4)
    kernels = np.random.default_rng(0).normal(0, 0.1, (4, 3, 8, 8)).astype(np.float32)
    blob = ((faces[0, ..., ::-1].astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)
    windows = np.lib.stride_tricks.sliding_window_view(blob, (8, 8), (1, 2))[:, ::4, ::4]
    known = np.maximum(np.einsum("cyxij,ocij->oyx", windows, kernels), 0).mean((1, 2))
    assert np.allclose(vectors[0], known, atol=1e-4), "blue, green, red, (x - 127.5) / 128"


def test_another_file_of_the_same_name_is_another_recogniser(embedder: Path, astronaut: Pixels) -> None:
    """What is remembered, and what results say, belongs to the bytes."""
    before = make(str(embedder))
    asked: list[str] = []

    def keep(what: str, source: Any, compute: Any) -> Any:
        asked.append(what)
        return compute()

    assert embed(before, [astronaut], [POINTS], keep).shape == (1, 4) and before.name in asked[0]
    graph = Graph("toy", {"face": (1, 3, 32, 32)})
    output = graph.mean(graph.conv("face", np.ones((2, 3, 1, 1), np.float32), np.zeros(2, np.float32)))
    embedder.write_bytes(graph.to_bytes({output: (1, 2, 1, 1)}))
    assert find_recogniser(str(embedder)).name != before.name


@pytest.mark.parametrize(
    ("text", "words"),
    [("sides = 3", "did you mean 'side'"), ("side = true", "wrong kind"), ('mean = "x"', "wrong kind"),
     ('order = "grb"', "rgb or bgr"), ("side", "not a description")],
)  # fmt: skip
def test_a_wrong_description_is_one_line(embedder: Path, text: str, words: str) -> None:
    embedder.with_suffix(".toml").write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        make(str(embedder))
    assert "\n" not in str(caught.value)


def test_what_is_no_network_is_one_line(
    embedder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], album: Path
) -> None:
    with pytest.raises(SourceError):
        make(str(tmp_path / "absent.onnx"))
    embedder.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="OpenCV cannot run it"):
        make(str(embedder))
    assert run(["attack", str(album), str(album), "--recognisers", str(embedder)]) == 6
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def album(tmp_path: Path) -> Path:
    from PIL import Image

    for name in ("a/0", "a/1", "b/0", "b/1"):
        (tmp_path / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64)).save(tmp_path / "album" / f"{name}.png")
    return tmp_path / "album"


def test_the_official_facenet_is_the_published_network(astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CASIA's weights under VGGFace2's names, torch gives what OpenCV makes of CASIA's graph."""
    torch = pytest.importorskip("torch", reason="needs torch")
    try:
        casia = make("facenet")
    except ModelError as error:
        pytest.skip(str(error))
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in _casia()}, file)
    monkeypatch.setattr(facenet_vggface2, "read", lambda name: file.getvalue())
    network = facenet_vggface2.FaceNetVggFace2()
    faces = np.random.default_rng(0).integers(0, 256, (1, 160, 160, 3)).astype(np.uint8)
    faces[0, :, 20:140] = astronaut[60:220, 170:290]
    ours, theirs = network(faces), casia(faces)
    assert np.allclose(ours / np.linalg.norm(ours), theirs / np.linalg.norm(theirs), atol=1e-4)
    assert network(faces[:0]).shape == (0, 512)


def _casia() -> Iterator[tuple[str, Any]]:
    """The arrays of a frozen TensorFlow graph under the names of facenet-pytorch, in the order of both."""
    constants = dict(_constants(memoryview(store.read("facenet"))))
    heads = [name.removesuffix("/weights") for name in constants if name.endswith("/weights") and "Bott" not in name]
    order = {"Repeat": 1, "Mixed_6a": 2, "Repeat_1": 3, "Mixed_7a": 4, "Repeat_2": 5, "Block8": 6}
    heads.sort(key=lambda name: _place(name, order))
    for name, head in zip(_published(), heads, strict=True):
        kernel = np.ascontiguousarray(constants[f"{head}/weights"].transpose(3, 2, 0, 1))
        out = np.ones(len(kernel), np.float32)
        if name.endswith(".conv2d"):
            yield f"{name}.weight", kernel
            yield f"{name}.bias", constants[f"{head}/biases"]
            continue
        yield f"{name}.conv.weight", kernel
        yield f"{name}.bn.bias", constants[f"{head}/Conv2D_bn_offset"]
        yield f"{name}.bn.running_mean", 0 * out
        yield f"{name}.bn.weight", out
        yield f"{name}.bn.running_var", out * np.float32(1 - 1e-3)
    last = "InceptionResnetV1/Bottleneck"
    yield "last_linear.weight", np.ascontiguousarray(constants[f"{last}/weights"].T)
    yield "last_bn.bias", constants[f"{last}/BatchNorm/beta"]
    yield "last_bn.weight", np.ones(512, np.float32)
    yield "last_bn.running_mean", constants[f"{last}/BatchNorm/moving_mean"]
    yield "last_bn.running_var", constants[f"{last}/BatchNorm/moving_variance"]


def _place(head: str, order: dict[str, int]) -> tuple[Any, ...]:
    """Where a convolution of the TensorFlow graph comes: part, block, branch, place in the branch."""
    _, part, *inside = head.split("/")
    block = int(inside.pop(0).rpartition("_")[2]) if part.startswith("Repeat") else 0
    branch = int(inside.pop(0).rpartition("_")[2]) if inside and inside[0].startswith("Branch") else 9
    return order.get(part, 0), block, branch, inside[0] if inside else part


def _published() -> Iterator[str]:
    yield from (f"conv2d_{at}" for at in ("1a", "2a", "2b", "3b", "4a", "4b"))
    parts = [("repeat_1.{}", 5, (1, 2, 3)), ("mixed_6a", 1, (1, 3)), ("repeat_2.{}", 10, (1, 3)),
             ("mixed_7a", 1, (2, 2, 3)), ("repeat_3.{}", 5, (1, 3)), ("block8", 1, (1, 3))]  # fmt: skip
    for part, blocks, branches in parts:
        for block in range(blocks):
            at = part.format(block)
            for branch, depth in enumerate(branches):
                yield from (
                    [f"{at}.branch{branch}"] if depth == 1 else (f"{at}.branch{branch}.{i}" for i in range(depth))
                )
            yield from [] if at.startswith("mixed") else [f"{at}.conv2d"]


def _constants(graph: memoryview) -> Iterator[tuple[str, Any]]:
    """Name and array of each float constant of a GraphDef: node 1, name 1, attribute 5, tensor 8, content 4."""
    for field, node in fields(graph):
        parts: dict[int, list[Any]] = {}
        for key, value in fields(node) if field == 1 else ():
            parts.setdefault(key, []).append(value)
        for attribute in parts.get(5, ()):
            entry = dict(fields(attribute))
            value = dict(fields(entry[2]))
            if bytes(entry[1]) == b"value" and 8 in value:
                tensor = dict(fields(value[8]))
                if tensor.get(1) == 1 and 4 in tensor:
                    sides = [dict(fields(side)).get(1, 0) for key, side in fields(tensor[2]) if key == 2]
                    yield bytes(parts[1][0]).decode(), np.frombuffer(tensor[4], "<f4").reshape(sides).copy()
