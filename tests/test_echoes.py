"""A face seen twice is hidden once; whoever only stands close keeps a disguise of his own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visard.echoes import Echoes
from visard.found import Found
from visard.hider import Hider
from visard.policy import Policy, Rule
from visard.shape.landmarks import find_mesh
from visard.tracing import trace
from visard.types import Box, Frame, Pixels, Region

from .conftest import ASTRONAUT_FACE

FACE = Region("face", ASTRONAUT_FACE, 0.9, track=1)
CHIN = Region("face", Box(180, 130, 285, 210), 0.4, track=2)


def left_out(frames: list[tuple[Pixels, list[Region]]], echoes: Echoes | None = None) -> set[int]:
    echoes = echoes or Echoes()
    for index, (pixels, regions) in enumerate(frames):
        echoes.see(Frame(pixels, index), [(region, find_mesh(pixels, region)) for region in regions])
    return echoes.tracks


def test_a_second_box_on_a_part_of_a_face_lays_no_bar_across_the_new_one(astronaut: Pixels) -> None:
    def hidden(*regions: Region) -> Pixels:
        hider = Hider(Policy(), source="a")
        found = trace(lambda: iter([Frame(astronaut)]), Found({0: regions}), hider, still=True)
        return hider(Frame(astronaut), found.at(0)).pixels

    assert np.array_equal(hidden(FACE, CHIN), hidden(FACE))


def test_a_weak_box_on_a_cheek_is_part_of_the_face_though_its_mesh_is_another(astronaut: Pixels) -> None:
    """Sunk into a cheek, the mesh network can see a small face there."""
    x0, y0, x1, y1 = FACE.box
    cheek = Region("face", Box((x0 + x1) / 2, y0 + 20, x1 - 4, y1 - 30), 0.36, track=2)
    mesh = find_mesh(astronaut, FACE)
    small = np.array([*cheek.box.centre, 0]) + 0.5 * (mesh.vertices - mesh.vertices.mean(axis=0))

    def gone(weak: Region) -> set[int]:
        echoes = Echoes()
        echoes.see(Frame(astronaut), [(FACE, mesh), (weak, replace(mesh, vertices=small.astype(np.float32)))])
        return echoes.tracks

    assert gone(cheek) == {2}
    assert not gone(replace(cheek, score=0.7)), "of whom the detector is sure"
    assert not gone(replace(cheek, box=cheek.box.shift(60, 0))), "who is beside"


def test_a_cover_that_reaches_over_a_face_lies_beneath_the_new_one(astronaut: Pixels) -> None:
    beside = replace(FACE, box=FACE.box.shift(60, 0), track=2)

    def hidden(*regions: Region) -> Pixels:
        # Blur does not look at what lies around, so that the same cover is the same to the bit.
        hider = Hider(Policy({"face": Rule(fallback="blur")}), source="a")
        hider.unfit.add(beside.track)
        found = trace(lambda: iter([Frame(astronaut)]), Found({0: regions}), hider, still=True)
        return hider(Frame(astronaut), found.at(0)).pixels

    both, face, cover = hidden(FACE, beside), hidden(FACE), hidden(beside)
    eyes_to_mouth = np.s_[90:150, 205:245]
    assert not np.array_equal(cover[eyes_to_mouth], astronaut[eyes_to_mouth])
    assert np.abs(both[eyes_to_mouth].astype(int) - face[eyes_to_mouth]).max() <= 1
    # Nothing of what the cover hides comes back: not even where the new face keeps its surroundings.
    aside = np.s_[80:190, 285:330]
    assert np.array_equal(both[aside], cover[aside])


def test_of_two_people_cheek_to_cheek_both_stay(astronaut: Pixels) -> None:
    double = np.hstack([astronaut[:300, 120:300], astronaut[:300, 120:300]])
    left = replace(FACE, box=FACE.box.shift(-120, 0))
    assert not left_out([(double, [left, replace(left, box=left.box.shift(180, 0), track=2)])])


def test_a_box_that_lies_mostly_beside_the_face_stays_if_somebody_is_there(astronaut: Pixels) -> None:
    beside = replace(CHIN, box=FACE.box.shift(70, 0))
    assert find_mesh(astronaut, beside).clear
    rows, columns = beside.box.grow(0.7).cells(512, 512)
    here = replace(beside, box=beside.box.shift(-columns.start, -rows.start))
    assert left_out([(astronaut, [FACE, beside])]) == {2}
    assert not left_out([(astronaut, [FACE, beside])], Echoes(second=lambda pixels: [here]))


def test_who_had_a_face_of_his_own_for_a_while_stays(astronaut: Pixels) -> None:
    """Somebody who walks behind another is not left out where only the other's face is seen."""
    alone = replace(FACE, track=2)
    assert left_out([(astronaut, [FACE, CHIN])] * 9 + [(astronaut, [alone])] * 1) == {2}
    assert not left_out([(astronaut, [FACE, CHIN])] * 7 + [(astronaut, [alone])] * 3)


def test_who_is_carried_on_behind_another_is_left_out_for_as_long_as_nobody_is_seen(astronaut: Pixels) -> None:
    echoes = Echoes()
    frames = [(astronaut, [FACE, CHIN])] * 3 + [(astronaut, [replace(FACE, track=2)])] * 7
    assert not left_out(frames, echoes)
    assert [echoes.leave_out(index, CHIN) for index in range(4)] == [True, True, True, False]
    sure = Echoes()
    left_out([(astronaut, [FACE, replace(CHIN, score=0.6)]), *frames[3:]], sure)
    assert not sure.leave_out(0, CHIN)
