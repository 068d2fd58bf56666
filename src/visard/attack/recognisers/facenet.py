"""FaceNet, Inception-ResNet-v1 trained on CASIA-WebFace, run by OpenCV. White box."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np

from visard.attack.recognisers.recogniser import Card, Vectors
from visard.models.store import read
from visard.shape.framing import FACENET, Framing
from visard.types import Pixels


class FaceNet:
    """512 numbers a face (Schroff et al. 2015; weights of davidsandberg/facenet)."""

    name: ClassVar[str] = "facenet"
    framing: ClassVar[Framing] = FACENET
    card: ClassVar[Card] = Card("CASIA-WebFace: 494,414 photos of 10,575 people", 0.984, 1800, "MIT", ("facenet",))

    def __init__(self) -> None:
        self._net: Any = cv2.dnn.readNetFromTensorflow(np.frombuffer(read("facenet"), np.uint8))

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 512) float32 vectors for (N, 160, 160, 3) uint8 RGB faces."""
        return np.array([self._vector(face) for face in faces], np.float32).reshape(-1, 512)

    def _vector(self, face: Pixels) -> Vectors:
        # One face at a time: OpenCV 5 fixes the graph's reshape at a batch of one.
        blob = (face.astype(np.float32) - 127.5) / 128
        self._net.setInput(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
        vector: Vectors = np.array(self._net.forward()[0], np.float32)
        return vector
