"""dlib's face recogniser in torch, so that a gradient can be asked for: a ResNet of 29 convolutions for 150 x 150.

Source: the layers as in dlib's dnn_face_recognition_ex.cpp (King 2017); He et al. 2016. Weights: dlib's own file.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from visard.models import store
from visard.models.dlib_resnet import BLOCKS, MEAN, Layer, read_layers


class DlibResNet(nn.Module):
    """(N, 3, 150, 150) RGB in [0, 1] to (N, 128), dlib's numbers, which are not of length 1."""

    def __init__(self) -> None:
        super().__init__()
        layers = read_layers(store.read("dlib_resnet"))
        self.first = _convolution(next(layers), stride=2)
        self.blocks = nn.ModuleList(_Block(next(layers), next(layers), stride) for _, stride in BLOCKS)
        self.last = _convolution(next(layers))
        self.mean = torch.tensor(MEAN)[:, None, None]
        self.requires_grad_(False)

    def forward(self, faces: Tensor) -> Tensor:
        """Return the embeddings."""
        x = (faces * 255.0 - self.mean) / 256.0
        x = functional.max_pool2d(functional.relu(self.first(x)), 3, stride=2)
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.last(x.mean(dim=(2, 3), keepdim=True)).flatten(1)
        return out


class _Block(nn.Module):
    def __init__(self, one: Layer, two: Layer, stride: int) -> None:
        super().__init__()
        self.one = _convolution(one, stride, padding=1 if stride == 1 else 0)
        self.two = _convolution(two, padding=1)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        new = self.two(functional.relu(self.one(x)))
        if self.stride == 2:
            # dlib adds what differs in size as if filled up with zeros at the end.
            x = functional.avg_pool2d(x, 2, stride=2)
            short = x.shape[2] - new.shape[2]
            new = functional.pad(new, (0, short, 0, short))
            x = functional.pad(x, (0, 0, 0, 0, 0, new.shape[1] - x.shape[1]))
        return functional.relu(new + x)


def _convolution(layer: Layer, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    out, into, *kernel = layer.weight.shape
    convolution = nn.Conv2d(into, out, (kernel[0], kernel[1]), stride=stride, padding=padding)
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(layer.weight.copy()))
        assert convolution.bias is not None, "every layer has a bias"
        convolution.bias.copy_(torch.from_numpy(layer.bias.copy()))
    return convolution
