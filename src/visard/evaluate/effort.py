"""Parameters and multiply-accumulates of networks, counted from their graphs: convolutions and dense layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from visard.errors import ModelError
from visard.models import store
from visard.models.dlib_resnet import to_onnx
from visard.models.runtimes import LiteNet, OpenCvNet, without_info_lines
from visard.models.wire import fields

Shape = tuple[int, ...]


class Effort(NamedTuple):
    """What a network holds and does for one input: parameters, multiply-accumulates."""

    parameters: int
    macs: int


@contextmanager
def watched() -> Iterator[list[tuple[str, Shape]]]:
    """Give a list that fills with each network's name and input shape, in the order in which networks are asked.

    For a process of its own: meanwhile the runtimes' calls are wrapped.
    """
    calls: list[tuple[str, Shape]] = []
    lite, opencv = LiteNet.__call__, OpenCvNet.__call__

    def ask_lite(self: LiteNet, tensor: Any) -> Any:
        calls.append((self.name, tensor.shape))
        return lite(self, tensor)

    def ask_opencv(self: OpenCvNet, *blobs: Any) -> Any:
        calls.append((self.name, blobs[0].shape))
        return opencv(self, *blobs)

    with patch.object(LiteNet, "__call__", ask_lite), patch.object(OpenCvNet, "__call__", ask_opencv):
        yield calls


def effort(name: str, shape: Shape) -> Effort:
    """Return the effort of a network of the catalogue for one input of a shape.

    Raises ModelError where it holds operations whose shapes are not understood.
    """
    if name not in store.catalog():
        raise ModelError(f"{name} is a network of visard's own, which is not counted: its card may say")
    file = store.entry(name).file
    content = store.read(name)
    if file.endswith(".tflite"):
        return of_tflite(content)
    return of_onnx(to_onnx(content) if name == "dlib_resnet" else content, shape)


def of_tflite(content: bytes) -> Effort:
    """Return the effort of a TFLite file for one input of its size."""
    with without_info_lines():
        from ai_edge_litert.interpreter import Interpreter

        net = Interpreter(model_content=content, num_threads=1)
        net.allocate_tensors()
    tensors = {each["index"]: each for each in net.get_tensor_details()}
    # Not public, but the only door to the graph that the runtime has.
    operations = [each for each in net._get_ops_details() if each["op_name"] != "DELEGATE"]
    made = {int(i) for each in operations for i in each["outputs"]} | {i["index"] for i in net.get_input_details()}
    used = {int(i) for each in operations for i in each["inputs"] if i >= 0}
    # Whole numbers of four bytes are shapes and paddings.
    constants = [tensors[i] for i in used - made if i in tensors and tensors[i]["dtype"] not in (np.int32, np.int64)]
    macs = 0
    for each in operations:
        sides = [_size(tensors[int(each[part][at])]["shape"]) for part, at in (("inputs", 0), ("outputs", 0))]
        if each["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
            weight = tensors[int(each["inputs"][1])]["shape"]
            per_output = weight[1:3] if each["op_name"] == "DEPTHWISE_CONV_2D" else weight[1:]
            # A transposed convolution's inputs are third, and each goes to a whole kernel of every output channel.
            if each["op_name"] == "TRANSPOSE_CONV":
                sides[1], per_output = _size(tensors[int(each["inputs"][2])]["shape"]), weight[:3]
            macs += sides[1] * _size(per_output)
    return Effort(sum(_size(each["shape"]) for each in constants), macs)


def of_onnx(content: bytes, shape: Shape) -> Effort:
    """Return the effort of an ONNX file for one input (1, C, H, W)."""
    graph = next(value for key, value in fields(memoryview(content)) if key == 7)
    parts: dict[int, list[Any]] = {}
    for key, value in fields(graph):
        parts.setdefault(key, []).append(value)
    weights = dict(_tensor(each) for each in parts.get(5, ()))
    shapes: dict[str, Shape] = {_name(each, 1): tuple(shape) for each in parts.get(11, ())[:1]}
    macs = 0
    for node in parts.get(1, ()):
        inputs, outputs, operator, attributes = _node(node)
        before = shapes.get(inputs[0], tuple(shape))
        after = _after(operator, before, attributes, weights.get(inputs[1]) if len(inputs) > 1 else None)
        shapes |= dict.fromkeys(outputs, after)
        if operator in ("Conv", "Gemm"):
            macs += _size(after) * _size(weights[inputs[1]][1:])
        elif operator == "ConvTranspose":  # each input goes to a whole kernel of every output channel
            macs += _size(before) * _size(weights[inputs[1]][1:])
    return Effort(sum(_size(each) for each in weights.values()), macs)


def _after(operator: str, before: Shape, attributes: dict[str, list[int]], weight: Shape | None) -> Shape:
    """Return the shape of what an operator makes of (1, C, H, W)."""
    if operator in ("Relu", "PRelu", "Add", "BatchNormalization", "Sigmoid", "Clip", "Dropout"):
        return before
    if operator in ("Conv", "MaxPool", "AveragePool"):
        kernel = attributes.get("kernel_shape") or list((weight or (0, 0, 1, 1))[2:])
        pads, strides = attributes.get("pads", [0] * 4), attributes.get("strides", [1, 1])
        sides = [(before[i + 2] + pads[i] + pads[i + 2] - kernel[i]) // strides[i] + 1 for i in (0, 1)]
        return 1, weight[0] if operator == "Conv" and weight else before[1], *sides
    if operator == "ConvTranspose" and weight:
        pads, strides, more = (attributes.get(k, [0] * 4) for k in ("pads", "strides", "output_padding"))
        sides = [
            (before[i + 2] - 1) * (strides[i] or 1) - pads[i] - pads[i + 2] + weight[i + 2] + more[i] for i in (0, 1)
        ]
        return 1, weight[1] * (attributes.get("group") or [1])[0], *sides
    if operator == "GlobalAveragePool":
        return 1, before[1], 1, 1
    if operator == "Pad" and "pads" in attributes:
        ends = attributes["pads"]
        return tuple(side + ends[i] + ends[i + len(before)] for i, side in enumerate(before))
    if operator in ("Flatten", "Reshape"):
        return 1, _size(before)
    if operator == "Gemm" and weight:
        return 1, weight[0]
    raise ModelError(f"what the operation {operator} costs is not known")


def _node(node: memoryview) -> tuple[list[str], list[str], str, dict[str, list[int]]]:
    inputs: list[str] = []
    outputs: list[str] = []
    operator, attributes = "", {}
    for key, value in fields(node):
        if key in (1, 2):
            (inputs if key == 1 else outputs).append(bytes(value).decode())
        elif key == 4:
            operator = bytes(value).decode()
        elif key == 5:
            attributes[_name(value, 1)] = _integers(value, 8)
    return inputs, outputs, operator, attributes


def _tensor(tensor: memoryview) -> tuple[str, Shape]:
    return _name(tensor, 8), tuple(_integers(tensor, 1))


def _name(message: memoryview, field: int) -> str:
    return next(bytes(value).decode() for key, value in fields(message) if key == field)


def _integers(message: memoryview, field: int) -> list[int]:
    """Return repeated integers, one a field or packed into one."""
    found: list[int] = []
    for key, value in fields(message):
        if key == field:
            packed = [] if isinstance(value, int) else [v for _, v in fields(_unpacked(value))]
            found += [value] if isinstance(value, int) else packed
    return found


def _unpacked(packed: memoryview) -> memoryview:
    """Return packed integers as fields of the number 1, so that one reader does for both."""
    rows, start = bytearray(), 0
    for at, byte in enumerate(packed):
        if byte < 128:
            rows += b"\x08" + bytes(packed[start : at + 1])
            start = at + 1
    return memoryview(bytes(rows))


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(np.asarray(shape, np.int64)))
