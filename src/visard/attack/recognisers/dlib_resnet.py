"""dlib's ResNet-29: the recogniser that `visard check` asks too. White box."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from visard.attack.recognisers.recogniser import Card, Vectors
from visard.models.dlib_resnet import MEAN, to_onnx
from visard.models.runtimes import OpenCvNet
from visard.shape.framing import DLIB, Framing
from visard.types import Pixels

_BATCH = 16


class DlibResNet:
    """128 numbers a face (MODELS 3; dlib's `face_recognition_model_v1`)."""

    name: ClassVar[str] = "dlib"
    framing: ClassVar[Framing] = DLIB
    card: ClassVar[Card] = Card(
        "about 3 million photos of 7,485 people: face scrub, VGG and others (davisking/dlib-models)",
        0.986, 1800, "CC0-1.0", ("dlib_resnet",),
    )  # fmt: skip

    def __init__(self) -> None:
        self._net = OpenCvNet("dlib_resnet", to_onnx=to_onnx)

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 128) float32 vectors for (N, 150, 150, 3) uint8 RGB faces."""
        blobs = ((faces - np.array(MEAN, np.float32)) / np.float32(256)).transpose(0, 3, 1, 2).astype(np.float32)
        parts = [np.ascontiguousarray(blobs[i : i + _BATCH]) for i in range(0, len(faces), _BATCH)]
        vectors = [self._net(part)[0].reshape(-1, 128) for part in parts]
        return np.concatenate([np.zeros((0, 128), np.float32), *vectors])
