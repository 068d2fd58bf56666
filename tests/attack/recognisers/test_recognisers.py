"""Recognisers get the face where they want it, and know a person again; what is absent is said in one line."""

from __future__ import annotations

import builtins
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from visard.attack import recognisers
from visard.attack.recognisers import HELD_OUT, RECOGNISERS, WHITE_BOX, find_recogniser, make
from visard.attack.recognisers.recogniser import align, unit
from visard.attack.recognisers.tfjs import Graph
from visard.errors import ModelError, UsageError
from visard.models import store
from visard.models.runtimes import need_torch
from visard.models.tfjs import unpack
from visard.shape.framing import Framing
from visard.types import Pixels

POINTS = np.array([[203, 101], [248, 104], [224, 125], [205, 143], [243, 145]], np.float32)
"""The astronaut's."""

FRAMING = Framing(120, 0.3, 0.4)


def test_every_recogniser_has_one_role_and_a_card() -> None:
    assert sorted((*WHITE_BOX, *HELD_OUT)) == sorted(RECOGNISERS)
    for name in RECOGNISERS:
        recogniser = find_recogniser(name)
        assert recogniser.name == name
        card = recogniser.card
        brought = [model for model in card.models if store.entry(model).registry == "file"]
        assert card.training and (card.accuracy is None) == bool(brought), "what is not at hand is not measured"
        assert card.accuracy is None or (card.pairs >= 1000 and 0.6 < card.accuracy <= 1)
        licences = {store.entry(model).licence for model in recogniser.card.models} or {"none needed"}
        assert licences == {recogniser.card.licence}
    core = set(store.defaults())
    assert not {model for name in HELD_OUT for model in find_recogniser(name).card.models} & core


def test_points_land_on_the_template() -> None:
    """A photo that is drawn from the template, turned, enlarged and shifted, comes back upright."""
    canvas = np.zeros((400, 500, 3), np.uint8)
    turn = 2.2 * np.array([[0.8, -0.6], [0.6, 0.8]])
    points = (FRAMING.template() @ turn.T + [180, 40]).astype(np.float32)
    for x, y in points:
        canvas[round(float(y)) - 3 : round(float(y)) + 4, round(float(x)) - 3 : round(float(x)) + 4] = 255
    face = align(canvas, points, FRAMING)
    assert face.shape == (120, 120, 3)
    for x, y in FRAMING.template():
        assert face[round(y), round(x), 0] > 120


def test_a_large_photo_and_a_small_one_give_the_same_face(astronaut: Pixels) -> None:
    large = np.repeat(np.repeat(astronaut, 8, 0), 8, 1)
    one, other = align(astronaut, POINTS, FRAMING), align(large, POINTS * 8 + 3.5, FRAMING)
    assert np.abs(one.astype(int) - other).mean() < 4


def test_points_in_one_place_still_give_a_face(astronaut: Pixels) -> None:
    assert align(astronaut, np.full((5, 2), 100, np.float32), FRAMING).shape == (120, 120, 3)


@pytest.mark.parametrize("name", RECOGNISERS)
def test_it_knows_the_astronaut_again(name: str, astronaut: Pixels) -> None:
    try:
        recogniser = make(name)
    except ModelError as error:
        pytest.skip(str(error))
    dimmed = (astronaut * 0.7).astype(np.uint8)
    upside_down = np.ascontiguousarray(astronaut[::-1])
    chips = np.stack([align(p, POINTS, recogniser.framing) for p in (astronaut, dimmed, upside_down)])
    rows = unit(recogniser(chips))
    assert rows.shape[0] == 3 and rows.dtype == np.float32
    assert rows[0] @ rows[1] > 0.9 and rows[0] @ rows[1] > rows[0] @ rows[2] + 0.05
    assert np.allclose(unit(recogniser(chips[:1]))[0], rows[0], atol=1e-4)
    assert recogniser(chips[:0]).shape == (0, rows.shape[1])


def test_the_astronaut_is_a_woman_of_working_age(astronaut: Pixels) -> None:
    from visard.attack.recognisers.human import FaceRes

    try:
        make("faceres")
    except ModelError as error:
        pytest.skip(str(error))
    recogniser = FaceRes()
    male, age = recogniser.traits(align(astronaut, POINTS, recogniser.framing)[None])
    assert male[0] < 0.5 and 20 < age[0] < 60


def test_an_absent_recogniser_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("VISARD_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="visard models fetch faceres faceres_graph"):
        make("faceres")
    assert recognisers.available(("facenet", "faceres")) == ()
    with pytest.raises(UsageError, match="did you mean 'facenet'"):
        make("facenets")


def test_absent_torch_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModelError, match=r"faceres needs torch.*pip install 'visard\[torch\]'"):
        need_torch("faceres")


def test_weights_are_unpacked_in_order_and_widened() -> None:
    manifest: list[dict[str, Any]] = [
        {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "b", "shape": [], "dtype": "int32"},
        {"name": "c", "shape": [2], "dtype": "float32"},
    ]
    content = np.arange(4, dtype="<f2").tobytes() + np.int32(7).tobytes() + np.array([0.5, 2], "<f4").tobytes()
    arrays = unpack(manifest, content)
    assert arrays["a"].tolist() == [[0, 1], [2, 3]] and arrays["a"].dtype == np.float32
    assert int(arrays["b"]) == 7 and arrays["c"].tolist() == [0.5, 2]
    with pytest.raises(ModelError, match="uint8"):
        unpack([{"name": "d", "shape": [1], "dtype": "float32", "quantization": {"dtype": "uint8"}}], b"1")


def _toy(monkeypatch: pytest.MonkeyPatch, nodes: list[dict[str, Any]], arrays: dict[str, Any]) -> Graph:
    pytest.importorskip("torch", reason="torch is not installed: the readers of TF.js graphs are not tested")
    weights = [{"name": k, "shape": list(v.shape), "dtype": "float32"} for k, v in arrays.items()]
    described = {"modelTopology": {"node": nodes}, "weightsManifest": [{"weights": weights}]}
    contents = {"g": json.dumps(described).encode(), "w": b"".join(v.astype("<f4").tobytes() for v in arrays.values())}
    monkeypatch.setattr(store, "read", contents.__getitem__)
    return Graph("g", "w")


def test_same_padding_goes_right_and_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 3 x 3 sum with stride 2 over 4 x 4 ones: TensorFlow pads below and on the right alone."""
    attr = {"strides": {"list": {"i": ["1", "2", "2", "1"]}}, "padding": {"s": "U0FNRQ=="}}
    nodes = [{"name": "x", "op": "Placeholder", "attr": {}}, {"name": "k", "op": "Const", "attr": {}}]
    nodes.append({"name": "y", "op": "Conv2D", "input": ["x", "k"], "attr": attr})
    graph = _toy(monkeypatch, nodes, {"k": np.ones((3, 3, 1, 1))})
    (out,) = graph.run(np.ones((1, 4, 4, 1), np.float32), ["y"], 8)
    assert out[0, :, :, 0].tolist() == [[9, 6], [6, 4]]


def test_an_unknown_operation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="Switch"):
        _toy(monkeypatch, [{"name": "s", "op": "Switch", "attr": {}}], {})


def test_a_card_is_a_value() -> None:
    card = find_recogniser("dlib").card
    assert replace(card, pairs=card.pairs) == card
