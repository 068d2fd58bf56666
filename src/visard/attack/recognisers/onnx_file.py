"""Any ONNX embedder from a file, such as ArcFace, run by OpenCV; a TOML file beside it may describe it. Held out."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from visard.attack.recognisers.recogniser import Card, Recogniser, Vectors
from visard.errors import ModelError, SourceError, UsageError, suggest
from visard.shape.framing import Framing
from visard.types import Pixels

_ARCFACE: dict[str, Any] = {
    "side": 112, "eyes": 0.315, "height": 0.461, "mean": 127.5, "scale": 127.5, "order": "rgb",
    "training": "not stated", "licence": "not stated",
}  # fmt: skip
"""What is assumed where the description says nothing: ArcFace's crop and numbers (Deng et al. 2019)."""


def of_file(file: Path) -> type[Recogniser]:
    """Return the recogniser of an ONNX file that takes (1, 3, side, side) faces and gives one vector each.

    A file of the same name that ends in .toml may set side in pixels, eyes and height (see Framing), mean and scale,
    by which pixels become (x - mean) / scale, order (rgb or bgr), training and licence. Raises SourceError for what
    cannot be read, UsageError for a wrong description, ModelError for a file that OpenCV cannot run.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=file, hint="give an ONNX file") from error
    told = _described(file.with_suffix(".toml"))

    class OnnxFile:
        name: ClassVar[str] = f"{file.stem}@{hashlib.sha256(content).hexdigest()[:8]}"
        framing: ClassVar[Framing] = Framing(told["side"], told["eyes"], told["height"])
        card: ClassVar[Card] = Card(told["training"], None, 0, told["licence"], ())

        def __init__(self) -> None:
            try:
                self._net: Any = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
                self._numbers = self._vector(np.zeros((told["side"], told["side"], 3), np.uint8)).size
            except cv2.error as error:
                hint = f"give an ONNX embedder of {told['side']} x {told['side']} faces, or describe it in a .toml"
                raise ModelError("OpenCV cannot run it", where=file, hint=hint) from error

        def __call__(self, faces: Pixels) -> Vectors:
            vectors = [self._vector(face) for face in faces]
            return np.array(vectors, np.float32).reshape(-1, self._numbers)

        def _vector(self, face: Pixels) -> Vectors:
            # One face at a time: many such files have a batch of one.
            turned = face if told["order"] == "rgb" else face[..., ::-1]
            blob = (turned.astype(np.float32) - np.float32(told["mean"])) / np.float32(told["scale"])
            self._net.setInput(np.ascontiguousarray(blob.transpose(2, 0, 1)[None]))
            return np.array(self._net.forward(), np.float32).ravel()

    return OnnxFile


def _described(file: Path) -> dict[str, Any]:
    """Return the whole description, with ArcFace's values where the file, if there is one, says nothing."""
    try:
        told = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"not a description: {error}", where=file, hint="write TOML") from error
    for key, value in told.items():
        if key not in _ARCFACE:
            raise UsageError(f"unknown key {key!r}", where=file, hint=suggest(key, _ARCFACE))
        wanted = str if isinstance(_ARCFACE[key], str) else int if key == "side" else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UsageError(f"{key} = {value!r} is of the wrong kind", where=file, hint=f"such as {_ARCFACE[key]!r}")
    whole = _ARCFACE | told
    if whole["order"] not in ("rgb", "bgr") or whole["side"] < 1 or whole["scale"] == 0:
        raise UsageError("order, side or scale is wrong", where=file, hint="order is rgb or bgr, the others above 0")
    return whole
