"""Two networks of people's poses as ONNX files, from the TensorFlow.js graphs in which they are published.

MoveNet (Google, MultiPose Lightning) marks people's middles, sizes and, seen from there, joints; PoseNet (Google,
MobileNetV1) joints. Both are plain convolutions, followed back from the wanted results to the picture.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visard.errors import ModelError
from visard.models import store
from visard.models.onnx import Graph
from visard.models.tfjs import unpack

_MOVENET = tuple(f"StatefulPartitionedCall/{head}/BiasAdd" for head in (
    "center_0/conv2d_4", "box_scale_0/conv2d_5", "box_offset_0/conv2d_6"))  # fmt: skip
_JOINTS = _MOVENET[0], "StatefulPartitionedCall/kpt_regress_0/conv2d_8/BiasAdd"
_POSENET = ("MobilenetV1/heatmap_2/BiasAdd",)

_MOST = 6.0
"""Where a ReLU6 ends."""


def movenet(content: bytes) -> bytes:
    """Return MoveNet as an ONNX file: input (1, 3, h, w) from -1 to 1, sides multiples of 32; raises ModelError.

    Outputs of stride 4, y before x: people's middles (1, 1, ...), sizes (1, 2, ...) and offsets (1, 2, ...).
    """
    return _Translation("movenet", content, even=True).to_onnx(_MOVENET, (1, 2, 2))


def joints(content: bytes) -> bytes:
    """Return MoveNet as `movenet` does, but with the outputs that tell joints; raises ModelError.

    People's middles (1, 1, ...), and the ways from there to 17 joints (1, 34, ...), y before x. Apart, since whoever
    looks for people alone would pay for them.
    """
    return _Translation("movenet", content, even=True).to_onnx(_JOINTS, (1, 34))


def posenet(content: bytes) -> bytes:
    """Return PoseNet as an ONNX file: input (1, 3, h, w) from -1 to 1, sides multiples of 16 and 1; raises ModelError.

    Output of stride 16: logits of the 17 joints (1, 17, ...).
    """
    return _Translation("posenet", content, even=False).to_onnx(_POSENET, (17,))


class _Translation:
    """A graph of TensorFlow.js on its way into ONNX, node by node; even: whether all sides that it halves are."""

    def __init__(self, name: str, content: bytes, even: bool) -> None:
        described = json.loads(store.read(f"{name}_graph"))
        self._name, self._even = name, even
        self._nodes = {node["name"]: node for node in described["modelTopology"]["node"]}
        manifest = [weight for group in described["weightsManifest"] for weight in group["weights"]]
        self._weights = unpack(manifest, content)
        self._graph = Graph(name, {"picture": (1, 3, 0, 0)})
        self._known: dict[str, str] = {}

    def to_onnx(self, outputs: tuple[str, ...], channels: tuple[int, ...]) -> bytes:
        try:
            values = [self._value(name) for name in outputs]
        except KeyError as error:
            raise ModelError(f"the model {self._name} has an unknown layer {error.args[0]!r}") from None
        return self._graph.to_bytes({v: (1, n, 0, 0) for v, n in zip(values, channels, strict=True)})

    def _value(self, name: str) -> str:
        if name not in self._known:
            node = self._nodes[name]
            inputs, attributes = node.get("input", []), node.get("attr", {})
            if node["op"] == "AddV2":
                self._known[name] = self._graph.add(self._value(inputs[0]), self._value(inputs[1]))
            elif node["op"] == "ResizeBilinear":
                self._known[name] = self._graph.enlarge(self._value(inputs[0]))
            elif "Conv2" in node["op"]:
                self._known[name] = self._convolution(node["op"], inputs, attributes)
            else:
                # What shifts and scales the picture on its way in; its range is the caller's matter.
                self._known[name] = "picture"
        return self._known[name]

    def _convolution(self, operator: str, inputs: list[str], attributes: Mapping[str, Any]) -> str:
        weight: NDArray[np.float32] = self._weights[inputs[1]]
        deep = "Depthwise" in operator
        weight = weight.transpose(2, 3, 0, 1) if deep else weight.transpose(3, 2, 0, 1)
        bias = self._weights[inputs[2]] if len(inputs) > 2 else np.zeros(len(weight), np.float32)
        stride = int(attributes["strides"]["list"]["i"][1])
        ops = [base64.b64decode(op) for op in attributes.get("fused_ops", {}).get("list", {}).get("s", [])]
        # As TensorFlow pads: a step of two over an even side leaves all of it to the right and below.
        whole = weight.shape[2] - 1
        even = stride == 2 and self._even
        x = self._graph.conv(
            self._value(inputs[0]), weight, bias, stride, 0 if even else whole // 2,
            groups=len(weight) if deep else 1, beyond=whole // 2 if even else 0,
        )  # fmt: skip
        if b"Relu6" in ops:
            return self._graph.clip(x, _MOST)
        return self._graph.relu(x) if b"Relu" in ops else x
