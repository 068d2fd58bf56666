"""Reads a TensorFlow.js graph model and runs it with torch, in the layout (N, H, W, C) that such graphs have.

Only the operations that our graphs contain are known; any other raises when the graph is read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models import store
from visard.models.runtimes import need_torch, one_thread
from visard.models.tfjs import unpack

Floats = NDArray[np.float32]


@contextmanager
def inference(torch: Any) -> Iterator[None]:
    """Run networks without gradients and on one thread."""
    with one_thread(torch), torch.inference_mode():
        yield


class Graph:
    """A graph model of the catalogue: the entry of its JSON, and the entry of its weights."""

    def __init__(self, graph: str, weights: str) -> None:
        self._torch = need_torch(f"the network {weights}")
        described = json.loads(store.read(graph))
        self._nodes = {node["name"]: node for node in described["modelTopology"]["node"]}
        if unknown := {node["op"] for node in self._nodes.values()} - {*_OPERATIONS, "Const", "Placeholder"}:
            raise ModelError(f"the graph {graph} has unknown operations: {', '.join(sorted(unknown))}")
        manifest = [weight for group in described["weightsManifest"] for weight in group["weights"]]
        self.weights = {k: self._torch.from_numpy(v) for k, v in unpack(manifest, store.read(weights)).items()}
        for node in self._nodes.values():
            if node["op"] in _KERNELS:
                kernel = _KERNELS[node["op"]](self.weights[node["input"][1]])
                # In memory as torch's quick convolutions want it: seen through a permutation it takes the slow ones.
                self.weights[node["input"][1]] = kernel.contiguous(memory_format=self._torch.channels_last)

    def run(self, batch: Floats, outputs: Sequence[str], size: int) -> list[Floats]:
        """Return each named output for a (N, H, W, C) float32 batch, worked off in parts of the given size."""
        torch = self._torch
        parts: list[list[Floats]] = []
        with inference(torch):
            for start in range(0, max(len(batch), 1), size):
                known: dict[str, Any] = {"": torch.from_numpy(np.ascontiguousarray(batch[start : start + size]))}
                parts.append([self._value(name, known).numpy() for name in outputs])
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def forward(self, batch: Any, output: str) -> Any:
        """Return the named output for a (N, H, W, C) tensor, through which gradients flow."""
        return self._value(output, {"": batch})

    def _value(self, name: str, known: dict[str, Any]) -> Any:
        if name in self.weights:
            return self.weights[name]
        if name not in known:
            node = self._nodes[name]
            if node["op"] == "Placeholder":
                return known[""]
            inputs = [self._value(each.split(":")[0], known) for each in node["input"]]
            known[name] = _OPERATIONS[node["op"]](self._torch, node["attr"], *inputs)
        return known[name]


def _strides(attr: Mapping[str, Any]) -> tuple[int, int]:
    _, down, across, _ = (int(step) for step in attr["strides"]["list"]["i"])
    return down, across


def _text(coded: str) -> str:
    return base64.b64decode(coded).decode()


def _each(weights: Any) -> Any:
    high, wide, channels, times = weights.shape
    return weights.permute(2, 3, 0, 1).reshape(channels * times, 1, high, wide)


_KERNELS: Mapping[str, Callable[[Any], Any]] = {
    "Conv2D": lambda weights: weights.permute(3, 2, 0, 1),
    "DepthwiseConv2dNative": _each,
}
"""How a convolution's weights become torch's kernels, (out, in, H, W)."""


def _padded(torch: Any, attr: Mapping[str, Any], image: Any, kernel: tuple[int, int]) -> Any:
    """Pad (N, C, H, W) as TensorFlow's SAME does: an odd pixel goes to the right and below."""
    if _text(attr["padding"]["s"]) == "VALID":
        return image
    need = [
        max(0, (-(-size // step) - 1) * step + k - size)
        for size, step, k in zip(image.shape[2:], _strides(attr), kernel, strict=True)
    ]
    (down, across) = need
    return torch.nn.functional.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2))


def _convolve(torch: Any, attr: Mapping[str, Any], image: Any, kernel: Any) -> Any:
    channels = image.permute(0, 3, 1, 2)
    padded = _padded(torch, attr, channels, kernel.shape[2:])
    groups = channels.shape[1] // kernel.shape[1]
    return torch.nn.functional.conv2d(padded, kernel, stride=_strides(attr), groups=groups).permute(0, 2, 3, 1)


def _pad(torch: Any, attr: Mapping[str, Any], image: Any, paddings: Any) -> Any:
    sides = [int(side) for pair in reversed(paddings.tolist()) for side in pair]
    return torch.nn.functional.pad(image, sides)


def _mean(torch: Any, attr: Mapping[str, Any], image: Any, axes: Any) -> Any:
    return image.mean(dim=axes.reshape(-1).tolist(), keepdim=bool(attr.get("keep_dims", {}).get("b", False)))


def _fused(torch: Any, attr: Mapping[str, Any], rows: Any, weights: Any, bias: Any) -> Any:
    out = rows @ weights + bias
    return torch.relu(out) if "Relu" in [_text(op) for op in attr["fused_ops"]["list"]["s"]] else out


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "Add": lambda torch, attr, a, b: a + b,
    "AddV2": lambda torch, attr, a, b: a + b,
    "Sub": lambda torch, attr, a, b: a - b,
    "Mul": lambda torch, attr, a, b: a * b,
    "Minimum": lambda torch, attr, a, b: torch.minimum(a, b),
    "Maximum": lambda torch, attr, a, b: torch.maximum(a, b),
    "Relu": lambda torch, attr, a: torch.relu(a),
    "Sigmoid": lambda torch, attr, a: torch.sigmoid(a),
    "Softmax": lambda torch, attr, a: torch.softmax(a, -1),
    "MatMul": lambda torch, attr, a, b: a @ b,
    "Reshape": lambda torch, attr, a, shape: a.reshape(shape.tolist()),
    "Conv2D": _convolve,
    "DepthwiseConv2dNative": _convolve,
    "Pad": _pad,
    "Mean": _mean,
    "_FusedMatMul": _fused,
}
