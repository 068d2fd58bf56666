"""What networks cost, beside counts by hand and what is known of published ones."""

from __future__ import annotations

import numpy as np
import pytest

from visard.errors import ModelError
from visard.evaluate.effort import effort, of_onnx, watched
from visard.models import store
from visard.models.onnx import Graph
from visard.models.runtimes import LiteNet


def test_a_small_network_is_counted_by_hand() -> None:
    graph = Graph("toy", {"x": (1, 3, 8, 8)})
    zeros = np.zeros
    x = graph.relu(graph.conv("x", zeros((5, 3, 3, 3), np.float32), zeros(5, np.float32), stride=2, padding=1))
    x = graph.conv(graph.max_pool(x, 2, 2), zeros((7, 5, 1, 1), np.float32), zeros(7, np.float32))
    found = of_onnx(graph.to_bytes({graph.mean(x): (1, 7, 1, 1)}), (1, 3, 8, 8))
    assert found.parameters == 5 * 27 + 5 + 7 * 5 + 7
    assert found.macs == 4 * 4 * 5 * 27 + 2 * 2 * 7 * 5


def test_a_transposed_convolution_gives_each_input_to_a_whole_kernel() -> None:
    graph = Graph("toy", {"x": (1, 3, 8, 8)})
    weight = graph._tensor(np.zeros((3, 5, 2, 2), np.float32))
    x = graph.conv(
        graph._add("ConvTranspose", ["x", weight], {"strides": (2, 2)}),
        np.zeros((7, 5, 1, 1), np.float32),
        np.zeros(7, np.float32),
    )
    found = of_onnx(graph.to_bytes({x: (1, 7, 16, 16)}), (1, 3, 8, 8))
    assert found.macs == 8 * 8 * 3 * 5 * 4 + 16 * 16 * 7 * 5


def test_an_unknown_operation_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph("toy", {"x": (1, 3, 8, 8)})
    content = graph.to_bytes({graph._add("Quantum", ["x"]): (1,)})
    with pytest.raises(ModelError, match="Quantum"):
        of_onnx(content, (1, 3, 8, 8))


@pytest.mark.parametrize(
    ("name", "shape", "parameters", "macs"),
    [("face_mesh", (1, 192, 192, 3), 0.6e6, 35e6), ("dlib_resnet", (1, 3, 150, 150), 5.6e6, 271e6)],
)
def test_published_networks_have_their_size(name: str, shape: tuple[int, ...], parameters: float, macs: float) -> None:
    if store.absent([name]):
        pytest.skip(f"{name} is not here")
    found = effort(name, shape)
    assert found.parameters == pytest.approx(parameters, rel=0.02) and found.macs == pytest.approx(macs, rel=0.02)


def test_networks_are_watched_and_then_left_alone() -> None:
    before = LiteNet.__call__
    net = LiteNet("face_mesh")
    with watched() as calls:
        net(np.zeros((1, 192, 192, 3), np.float32))
    assert calls == [("face_mesh", (1, 192, 192, 3))] and LiteNet.__call__ is before


def test_what_is_in_no_catalogue_is_not_counted() -> None:
    """Networks of our own are measured by their time alone, and no table fails for them."""
    with pytest.raises(ModelError, match="a network of visard's own"):
        effort("inpaint", (1, 52, 64, 64))
