"""The recogniser read from dlib's file gives dlib's own numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visard.errors import ModelError
from visard.models import store
from visard.models.dlib_resnet import MEAN, SIDE, read_layers, to_onnx
from visard.types import Pixels


def test_it_gives_the_numbers_that_dlib_gives(astronaut: Pixels) -> None:
    import dlib

    chips = [np.ascontiguousarray(astronaut[y : y + SIDE, 150 : 150 + SIDE]) for y in (40, 300)]
    theirs = dlib.face_recognition_model_v1(str(store.path("dlib_resnet")))
    network = cv2.dnn.readNetFromONNX(np.frombuffer(to_onnx(store.read("dlib_resnet")), np.uint8))
    blob = ((np.stack(chips) - np.array(MEAN, np.float32)) / np.float32(256)).transpose(0, 3, 1, 2)
    network.setInput(np.ascontiguousarray(blob, np.float32))
    ours = np.asarray(network.forward()).reshape(len(chips), -1)
    expected = [np.asarray(theirs.compute_face_descriptor(chip)) for chip in chips]
    assert np.abs(ours - expected).max() < 1e-5


@pytest.mark.parametrize("content", [b"", b"con_4", b"no such file" * 1000])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="where one is due"):
        list(read_layers(content))
