"""Two small recognisers of the package human-models, read from TF.js graphs and run by torch. Held out."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from visard.attack.recognisers.recogniser import Card, Vectors
from visard.attack.recognisers.tfjs import Graph
from visard.shape.framing import Framing
from visard.types import Pixels

_BATCH = 16

_IMAGENET_BGR = np.array([103.939, 116.779, 123.68], np.float32)


class FaceRes:
    """HSE FaceRes, a MobileNet: 1024 numbers a face, and sex and age (Savchenko 2019, HSE_FaceRec_tf)."""

    name: ClassVar[str] = "faceres"
    framing: ClassVar[Framing] = Framing(224, 0.32, 0.4)
    card: ClassVar[Card] = Card(
        "VGGFace2: 3.3 million photos of 9,131 people", 0.989, 1800, "MIT", ("faceres", "faceres_graph")
    )

    def __init__(self) -> None:
        self._graph = Graph("faceres_graph", "faceres")

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 1024) float32 vectors for (N, 224, 224, 3) uint8 RGB faces."""
        return self._run(faces, ("global_pooling/Mean",))[0].reshape(-1, 1024)

    def traits(self, faces: Pixels) -> tuple[Vectors, Vectors]:
        """Return the chance (N,) that each face is a man's, and its age (N,) in years."""
        sex, ages = self._run(faces, ("gender_pred/Sigmoid", "age_pred/Softmax"))
        years = np.arange(0.5, ages.shape[1], dtype=np.float32)
        return sex.reshape(-1), (ages @ years).astype(np.float32)

    def _run(self, faces: Pixels, outputs: tuple[str, ...]) -> list[Vectors]:
        return self._graph.run(faces[..., ::-1].astype(np.float32) - _IMAGENET_BGR, outputs, _BATCH)


class MobileFace:
    """MobileFace: 256 numbers a face (becauseofAI/MobileFace)."""

    name: ClassVar[str] = "mobileface"
    framing: ClassVar[Framing] = Framing(112, 0.35, 0.46)
    card: ClassVar[Card] = Card("not stated by its authors", 0.932, 1800, "MIT", ("mobileface", "mobileface_graph"))

    def __init__(self) -> None:
        self._graph = Graph("mobileface_graph", "mobileface")

    def __call__(self, faces: Pixels) -> Vectors:
        """Return (N, 256) float32 vectors for (N, 112, 112, 3) uint8 RGB faces."""
        return self._graph.run(faces.astype(np.float32), ("batchnorm0/add_1",), _BATCH)[0]
