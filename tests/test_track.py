"""One subject, one number: gaps filled, onset walked back, end held, cuts respected."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visard.kinship import joined, seen_twice
from visard.track import Sighting, Tracker, track
from visard.types import Box, Kind, Region

FPS = 25


def face(x: float, y: float = 50, score: float = 0.9, side: float = 40) -> Region:
    return Region("face", Box(x, y, x + side, y + side), score)


def shots(frames: list[list[Region]], cuts: tuple[int, ...] = ()) -> list[Sighting]:
    return [Sighting(i, i / FPS, tuple(found), i in cuts) for i, found in enumerate(frames)]


def numbers(result: dict[int, tuple[Region, ...]]) -> set[int]:
    return {region.track for found in result.values() for region in found}


def test_a_gap_is_filled_where_the_face_must_have_been() -> None:
    seen = [[face(100 + 3 * i)] if i < 10 or i >= 22 else [] for i in range(40)]
    result = track(shots(seen))
    assert numbers(result) == {1}
    for i in range(40):
        true = Box(100 + 3 * i, 50, 140 + 3 * i, 90)
        assert result[i] and result[i][0].box.overlap(true) > 0.8 * true.area, i


def test_onset_is_walked_back_and_the_end_held() -> None:
    seen = [[face(100)] if 30 <= i < 40 else [] for i in range(80)]
    result = track(shots(seen))
    covered = [i for i in range(80) if result[i]]
    assert covered[0] <= 30 - 0.4 * FPS + 1 and covered[-1] >= 39 + 0.4 * FPS - 1
    assert covered == list(range(covered[0], covered[-1] + 1))


def test_a_cut_ends_a_track_and_nothing_leaks_over_it() -> None:
    seen = [[face(100)] if i < 20 else [] for i in range(40)]
    result = track(shots(seen, cuts=(20,)))
    assert all(result[i] for i in range(20)) and not any(result[i] for i in range(20, 40))
    both = track(shots([[face(100)] for _ in range(40)], cuts=(20,)))
    assert numbers(both) == {1, 2}


@given(st.integers(0, 1000))
def test_parallel_people_do_not_swap(seed: int) -> None:
    shuffle = random.Random(seed)
    seen = []
    for i in range(30):
        pair = [face(50 + 4 * i, 50), face(50 + 4 * i, 110)]
        shuffle.shuffle(pair)
        seen.append(pair)
    result = track(shots(seen))
    assert numbers(result) == {1, 2}
    rows = {(region.track, round(region.box.centre[1] / 60)) for found in result.values() for region in found}
    assert len(rows) == 2


@given(st.lists(st.lists(st.builds(face, st.floats(0, 300), st.floats(0, 200)), max_size=4), min_size=1, max_size=12))
def test_every_sure_detection_stays_covered(frames: list[list[Region]]) -> None:
    result = track(shots(frames))
    assert set(result) == set(range(len(frames)))
    for i, found in enumerate(frames):
        for region in found:
            assert any(other.box.overlap(region.box) >= 0.999 * region.box.area for other in result[i])


def test_weak_detections_carry_a_track_on_but_start_none() -> None:
    weak = [[face(100, score=0.2)] for _ in range(20)]
    assert numbers(track(shots(weak))) == set()
    begun = [[face(100)], *weak]
    assert len([1 for found in track(shots(begun)).values() if found]) == 21


def test_whoever_was_lost_nearby_takes_no_face_over() -> None:
    """Two faces under one number wear one new face; one face under two numbers changes it."""
    lost = [face(126, score=0.4, side=48)]
    seen = [[face(100 + i), *(lost if i == 10 else [])] for i in range(13)]
    seen += [[face(128, score=0.9, side=46)], *([face(128 + i, side=46)] for i in range(10))]
    result = track(shots(seen))
    there = [region.track for region in result[20] if region.box.overlap(face(134, side=46).box) > 1000]
    assert there == [1]


def test_a_part_of_a_face_is_nobody() -> None:
    """Cheeks and hair of a face, seen weakly, carried other subjects into it, whose covers lay over the new face."""
    seen = [[face(100), face(60, score=0.8, side=28)] for _ in range(5)]
    seen += [[face(100 - 2 * i), face(98 - 2 * i, side=28, score=0.2)] for i in range(15)]
    last = max(i for i, found in track(shots(seen)).items() if any(r.track == 2 for r in found))
    assert last <= 4 + round(0.4 * FPS)


def test_who_stands_behind_somebody_is_followed_on() -> None:
    """Of people, unlike faces, one may be weakly seen within the box of another, and is no part of them."""

    def person(x: float, score: float, side: float) -> Region:
        return Region("person", Box(x, 50, x + side, 50 + 2 * side), score)

    seen = [[person(100, 0.9, 60), person(30, 0.5, 50)] for _ in range(5)]
    seen += [[person(100, 0.9, 60), person(30 + 4 * min(i, 20), 0.2, 50)] for i in range(30)]
    result = track(shots(seen))
    for i in range(35):
        behind = seen[i][1].box
        assert any(r.track == 2 and r.box.overlap(behind) >= 0.999 * behind.area for r in result[i]), i


def test_a_glimpse_of_something_half_over_a_surer_face_is_hidden_briefly() -> None:
    seen = [[face(100), *([face(100, 20, score=0.4)] if i == 20 else [])] for i in range(40)]
    result = track(shots(seen))
    assert {i for i in range(40) if len(result[i]) == 2} == set(range(18, 23))


def test_who_is_seen_is_not_held_as_somebody_else_too() -> None:
    """Who moves so fast that the track breaks has a second one, and both would be held where the other is seen."""
    seen = [[face(100)] if i < 10 else [face(150)] for i in range(20)]
    seen = [
        [*found, face(112 if i < 10 else 138, 55, score=0.6)] if i in (9, 10) else found for i, found in enumerate(seen)
    ]
    for i, found in track(shots(seen)).items():
        boxes = [region.box for region in found]
        assert all(a.iou(b) < 0.5 for a in boxes for b in boxes if a is not b) or i in (9, 10)


def test_still_pictures_share_no_subject() -> None:
    result = track(shots([[face(100)], [face(100)]]), still=True)
    assert [r.track for found in result.values() for r in found] == [1, 2]


def test_a_face_that_left_for_long_is_another_track() -> None:
    seen = [[face(100)] if i < 10 or i > 60 else [] for i in range(70)]
    assert numbers(track(shots(seen))) == {1, 2}


@given(st.lists(st.lists(st.builds(face, st.floats(0, 300), st.floats(0, 200)), max_size=3), min_size=1, max_size=40))
def test_who_cannot_wait_hides_no_less(seen: list[list[Region]]) -> None:
    """At every moment, what is known so far covers what is known in the end of all that cannot change any more."""
    sightings, tracker = shots(seen), Tracker()
    whole = track(sightings)
    for now, sight in enumerate(sightings):
        tracker.see(sight)
        settled = now - round(0.4 * FPS) - 1
        if settled >= 0:
            here = tracker.regions(unfinished=True)[settled]
            assert {r.track for r in whole[settled]} <= {r.track for r in here}


def test_what_is_forgotten_changes_nothing_that_is_to_come() -> None:
    seen = [[face(100 + 3 * i)] if i % 7 else [] for i in range(120)]
    tracker, lasting = Tracker(), Tracker()
    for sight in shots(seen):
        tracker.see(sight)
        lasting.see(sight)
        tracker.forget(sight.time - 2.0)
        ours, theirs = tracker.regions(), lasting.regions()
        assert len(ours) <= 2 * FPS + 1
        assert all([r.box for r in ours[i]] == [r.box for r in theirs[i]] for i in ours if sight.index - i <= FPS)


def test_face_head_and_person_of_one_subject_share_a_number() -> None:
    def moving(kind: Kind, *boxes: Box) -> dict[int, tuple[Region, ...]]:
        sights = [Sighting(i, i / 10, tuple(Region(kind, box.shift(4 * i, 0), 0.9) for box in boxes)) for i in range(6)]
        return track(sights)

    one, two = Box(100, 50, 200, 400), Box(400, 60, 500, 380)
    faces = moving("face", Box(130, 70, 165, 110), Box(435, 80, 465, 115))
    heads = moving("head", Box(120, 50, 175, 115), Box(425, 60, 475, 120))
    plate = moving("plate", Box(140, 300, 180, 315))
    whole = joined([faces, heads, moving("person", one, two), plate])
    for regions in whole.values():
        numbers = {kind: [r.track for r in regions if r.kind == kind] for kind in ("face", "head", "person", "plate")}
        assert numbers["face"] == numbers["head"] == numbers["person"]
        assert len({*numbers["person"], *numbers["plate"]}) == 3


def test_one_kind_keeps_its_numbers() -> None:
    alone = track([Sighting(0, 0.0, (Region("face", Box(0, 0, 9, 9), 0.9), Region("face", Box(50, 0, 59, 9), 0.8)))])
    assert [[r.track for r in own] for own in joined([alone]).values()] == [[1, 2]]


def test_two_faces_before_one_person_are_two_people() -> None:
    person: dict[int, tuple[Region, ...]] = {0: (Region("person", Box(0, 0, 100, 300), 0.9, track=1),)}
    faces = {0: tuple(Region("face", Box(x, 10, x + 30, 50), 0.9, track=i) for i, x in enumerate((20, 60), 1))}
    own = joined([faces, person])[0]
    assert len({r.track for r in own}) == 2


A, B = Box(0, 0, 100, 300), Box(90, 0, 190, 300)
FACES = (Region("face", Box(35, 20, 65, 60), 0.9, track=1), Region("face", Box(125, 20, 155, 60), 0.9, track=2))
PEOPLE = (Region("person", A, 0.9, track=1), Region("person", B, 0.9, track=2))


@pytest.mark.parametrize(
    ("box", "again"),
    [
        (Box(5, 0, 95, 280), True),  # a second box over one of them
        (A.union(B), True),  # one box over both
        (Box(40, 80, 150, 300), False),  # somebody before them, whose face is not seen: nobody's lies in it
        (Box(20, 0, 300, 300), False),  # both, and somebody beside them
        (Box(0, 30, 260, 1000), False),  # they are but a small part of it
    ],
)
def test_a_box_over_people_with_faces_shows_them_once_more(box: Box, again: bool) -> None:
    other = Region("person", box, 0.5, track=3)
    assert seen_twice({0: (*FACES, *PEOPLE, other)}) == (frozenset({3}) if again else frozenset())
    own = Region("face", Box(60, 100, 90, 130), 0.5, track=3)
    assert not seen_twice({0: (*FACES, *PEOPLE, other), 1: (own,)}), "who shows a face somewhere is somebody"
