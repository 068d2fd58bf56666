"""FaceNet in torch: Inception-ResNet-v1 for 160 x 160, batch norms folded in.

Source: Szegedy et al. 2017 (the modules); Schroff et al. 2015 and davidsandberg/facenet (the embedding and the weights,
trained on CASIA-WebFace).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from visard.errors import ModelError
from visard.models import store
from visard.models.tensorflow import read_constants

_ROOT = "InceptionResnetV1/"
_EPSILON = 1e-3

_35 = (("Conv2d_1x1",), ("Conv2d_0a_1x1", "Conv2d_0b_3x3"), ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3"))
_17 = (("Conv2d_1x1",), ("Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"))
_8 = (("Conv2d_1x1",), ("Conv2d_0a_1x1", "Conv2d_0b_1x3", "Conv2d_0c_3x1"))
_6A = (("Conv2d_1a_3x3",), ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_3x3"), ())
_7A = (
    ("Conv2d_0a_1x1", "Conv2d_1a_3x3"),
    ("Conv2d_0a_1x1", "Conv2d_1a_3x3"),
    ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_3x3"),
    (),
)
"""Convolutions of each branch of a module; a branch without any is a maximum over 3 x 3."""

Constants = Mapping[str, NDArray[np.float32]]


class FaceNet(nn.Module):
    """(N, 3, 160, 160) RGB in [0, 1] to (N, 512) of length 1."""

    def __init__(self) -> None:
        super().__init__()
        known = read_constants(store.read("facenet"))
        try:
            self._read(known)
        except KeyError as error:
            raise ModelError(f"the model facenet has no {error.args[0]}") from error
        self.requires_grad_(False)

    def _read(self, known: Constants) -> None:
        def conv(name: str, stride: int = 1, padding: int = 0) -> _Convolution:
            return _Convolution(known, f"{_ROOT}{name}", stride, padding)

        self.stem = nn.Sequential(
            conv("Conv2d_1a_3x3", 2), conv("Conv2d_2a_3x3"), conv("Conv2d_2b_3x3", padding=1), nn.MaxPool2d(3, 2),
            conv("Conv2d_3b_1x1"), conv("Conv2d_4a_3x3"), conv("Conv2d_4b_3x3", 2),
        )  # fmt: skip
        self.middle = nn.Sequential(
            *(_Residual(known, f"Repeat/block35_{i}", _35) for i in range(1, 6)),
            _Reduction(known, "Mixed_6a", _6A),
            *(_Residual(known, f"Repeat_1/block17_{i}", _17) for i in range(1, 11)),
            _Reduction(known, "Mixed_7a", _7A),
            *(_Residual(known, f"Repeat_2/block8_{i}", _8) for i in range(1, 6)),
            _Residual(known, "Block8", _8, last=True),
        )
        norm = f"{_ROOT}Bottleneck/BatchNorm/"
        gain = 1.0 / np.sqrt(known[f"{norm}moving_variance"] + _EPSILON)
        weight = known[f"{_ROOT}Bottleneck/weights"] * gain
        self.register_buffer("weight", torch.from_numpy(weight.astype(np.float32)))
        shift = known[f"{norm}beta"] - known[f"{norm}moving_mean"] * gain
        self.register_buffer("shift", torch.from_numpy(shift.astype(np.float32)))

    def forward(self, faces: Tensor) -> Tensor:
        """Return the embeddings."""
        x = self.middle(self.stem((faces * 255.0 - 127.5) / 128.0)).mean(dim=(2, 3))
        return functional.normalize(x @ self.weight + self.shift)


class _Convolution(nn.Module):
    def __init__(self, known: Constants, name: str, stride: int, padding: int | tuple[int, int], last: bool = False):
        super().__init__()
        bias = known[f"{name}/biases"] if last else known[f"{name}/Conv2D_bn_offset"]
        self.register_buffer("weight", torch.from_numpy(known[f"{name}/weights"].transpose(3, 2, 0, 1).copy()))
        self.register_buffer("bias", torch.from_numpy(bias.copy()))
        self.stride, self.padding, self.last = stride, padding, last

    def forward(self, x: Tensor) -> Tensor:
        x = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        return x if self.last else functional.relu(x)


class _Residual(nn.Module):
    def __init__(self, known: Constants, name: str, branches: tuple[tuple[str, ...], ...], last: bool = False) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_branch(known, name, i, own) for i, own in enumerate(branches))
        self.join = _Convolution(known, f"{_ROOT}{name}/Conv2d_1x1", 1, 0, last=True)
        self.scale, self.last = float(known[f"{_ROOT}{name}/mul/x"]), last

    def forward(self, x: Tensor) -> Tensor:
        new: Tensor = x + self.scale * self.join(torch.cat([branch(x) for branch in self.branches], 1))
        return new if self.last else functional.relu(new)


class _Reduction(nn.Module):
    def __init__(self, known: Constants, name: str, branches: tuple[tuple[str, ...], ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            _branch(known, name, i, own) if own else nn.MaxPool2d(3, 2) for i, own in enumerate(branches)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def _branch(known: Constants, name: str, number: int, own: tuple[str, ...]) -> nn.Sequential:
    def conv(layer: str) -> _Convolution:
        high, wide = (int(side) for side in layer.rsplit("_", 1)[1].split("x"))
        reduces = layer.startswith("Conv2d_1a")
        padding = (0, 0) if reduces else (high // 2, wide // 2)
        return _Convolution(known, f"{_ROOT}{name}/Branch_{number}/{layer}", 2 if reduces else 1, padding)

    return nn.Sequential(*(conv(layer) for layer in own))
