"""FaceNet, Inception-ResNet-v1 trained on VGGFace2, from the official file that the user brings (torch). Held out.

Source: Szegedy et al. 2017, "Inception-v4, Inception-ResNet and the Impact of Residual Connections", figures 10 to 14.
"""

from __future__ import annotations

import io
from typing import Any, ClassVar

import numpy as np

from visard.attack.recognisers.recogniser import Card, Vectors
from visard.attack.recognisers.tfjs import inference
from visard.models.runtimes import need_torch
from visard.models.store import read
from visard.shape.framing import Framing
from visard.types import Pixels

_BATCH = 8

_EPSILON = 1e-3


class FaceNetVggFace2:
    """512 numbers a face (Cao et al. 2018, "VGGFace2"; weights of davidsandberg/facenet)."""

    name: ClassVar[str] = "facenet-vggface2"
    framing: ClassVar[Framing] = Framing(160, 0.3, 0.42)
    card: ClassVar[Card] = Card(
        "VGGFace2: 3.3 million photos of 9,131 people", None, 0, "MIT", ("facenet_vggface2",)
    )  # fmt: skip

    def __init__(self) -> None:
        self._torch = need_torch(self.name)
        # A pickle, but only the bytes that the catalogue names get here, and weights_only lets it make tensors alone.
        weights = self._torch.load(io.BytesIO(read("facenet_vggface2")), map_location="cpu", weights_only=True)
        self._weights: dict[str, Any] = weights

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 512) float32 vectors for (N, 160, 160, 3) uint8 RGB faces."""
        parts = [np.zeros((0, 512), np.float32)]
        with inference(self._torch):
            for start in range(0, len(faces), _BATCH):
                batch = (faces[start : start + _BATCH].astype(np.float32) - 127.5) / 128
                parts.append(self._embed(self._torch.from_numpy(batch.transpose(0, 3, 1, 2).copy())).numpy())
        return np.concatenate(parts)

    def _embed(self, x: Any) -> Any:
        pool = self._torch.nn.functional.max_pool2d
        x = self._step(self._step(self._step(x, "conv2d_1a", 2, True), "conv2d_2a", valid=True), "conv2d_2b")
        x = self._step(self._step(pool(x, 3, 2), "conv2d_3b"), "conv2d_4a", valid=True)
        x = self._step(x, "conv2d_4b", 2, True)
        for i in range(5):
            x = self._residual(x, f"repeat_1.{i}", (1, 2, 3), 0.17)
        x = self._reduced(x, "mixed_6a", (1, 3))
        for i in range(10):
            x = self._residual(x, f"repeat_2.{i}", (1, 3), 0.1)
        x = self._reduced(x, "mixed_7a", (2, 2, 3))
        for i in range(5):
            x = self._residual(x, f"repeat_3.{i}", (1, 3), 0.2)
        x = self._residual(x, "block8", (1, 3), 1.0, bend=False).mean((2, 3))
        return self._normalised(x @ self._weights["last_linear.weight"].T, "last_bn")

    def _residual(self, x: Any, at: str, depths: tuple[int, ...], scale: float, bend: bool = True) -> Any:
        """Add to x what branches of the given depths make of it, brought back to its channels."""
        parts = [self._branch(x, f"{at}.branch{i}", depth) for i, depth in enumerate(depths)]
        weight, bias = (self._weights[f"{at}.conv2d.{part}"] for part in ("weight", "bias"))
        y = x + scale * self._torch.nn.functional.conv2d(self._torch.cat(parts, 1), weight, bias)
        return self._torch.relu(y) if bend else y

    def _reduced(self, x: Any, at: str, depths: tuple[int, ...]) -> Any:
        """Halve x in branches of the given depths, and in one that takes maxima."""
        parts = [self._branch(x, f"{at}.branch{i}", depth, 2) for i, depth in enumerate(depths)]
        return self._torch.cat([*parts, self._torch.nn.functional.max_pool2d(x, 3, 2)], 1)

    def _branch(self, x: Any, at: str, depth: int, stride: int = 1) -> Any:
        """Apply a row of convolutions, the last with the stride, and without padding where it has one."""
        names = [at] if depth == 1 else [f"{at}.{i}" for i in range(depth)]
        for name in names[:-1]:
            x = self._step(x, name)
        return self._step(x, names[-1], stride, stride > 1)

    def _step(self, x: Any, name: str, stride: int = 1, valid: bool = False) -> Any:
        weight = self._weights[f"{name}.conv.weight"]
        padding = (0, 0) if valid else (weight.shape[2] // 2, weight.shape[3] // 2)
        y = self._torch.nn.functional.conv2d(x, weight, None, stride, padding)
        return self._torch.relu(self._normalised(y, f"{name}.bn"))

    def _normalised(self, x: Any, name: str) -> Any:
        mean, spread, weight, bias = (
            self._weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return self._torch.nn.functional.batch_norm(x, mean, spread, weight, bias, eps=_EPSILON)
