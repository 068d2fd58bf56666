"""The parts of the service on their own: names, room, who is who, whom a webhook may reach, and single frames."""

from __future__ import annotations

import asyncio
import socket
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from visard.found import Found
from visard.media.read import probe, read
from visard.serve import records, webhook
from visard.serve.bulletin import GONE, LOST, Bulletin
from visard.serve.crew import Hand
from visard.serve.following import follow
from visard.serve.forms import Wish
from visard.serve.house import House
from visard.serve.intake import announce, receive
from visard.serve.names import check_name, distinct, stored_name
from visard.serve.people import Sight, gather
from visard.serve.records import load, regions_of, save_regions, show
from visard.serve.reel import Reel
from visard.serve.refusals import Refused
from visard.serve.settings import Settings
from visard.serve.shelf import Shelf
from visard.serve.small import jpeg, portrait
from visard.types import Box, Frame, Pixels, Region

from ..media import making
from ..test_cli import film


@given(st.text(max_size=300))
@example("Screenshot 9.41.00\u202fAM.png")
def test_a_name_that_is_taken_stays_where_it_belongs(name: str) -> None:
    try:
        checked = check_name(name)
    except Refused as refusal:
        assert refusal.status == 422 and refusal.what and refusal.hint
        return
    inside = Path("/folder") / checked
    assert Path("/folder") in inside.resolve().parents
    # Spaces of all kinds are in names that people have: a Mac's screenshots hold U+202F.
    assert all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in checked)
    assert "/" not in stored_name("0", checked) and stored_name("0", checked).startswith("0")


@given(st.lists(st.sampled_from(["a.jpg", "A.jpg", "a (2).jpg", "b/a.jpg", "b"]), max_size=9))
def test_names_in_an_archive_are_distinct(names: list[str]) -> None:
    result = distinct(names)
    assert len(result) == len(names) == len({name.casefold() for name in result})


def sight(file: str, track: int, at: float, spans: tuple[tuple[int, int], ...] = ((0, 9),)) -> Sight:
    look = np.zeros((1, 128), np.float32)
    look[0, 0] = at
    return Sight(file, track, {"spans": [list(span) for span in spans], "hide": True}, look)


def test_people_are_gathered_by_face_across_files() -> None:
    blind = Sight("a", 5, {"spans": [[0, 0]], "hide": False}, np.zeros((0, 128), np.float32))
    people = gather([sight("a", 1, 0.0), sight("b", 1, 0.2), sight("b", 2, 3.0), blind])
    assert [[(s.file, s.track) for s in person.sights] for person in people] == [
        [("a", 1), ("b", 1)],
        [("b", 2)],
        [("a", 5)],
    ]
    assert [person.hide for person in people] == [True, True, False]


def test_two_faces_of_one_moment_are_never_one_person() -> None:
    assert len(gather([sight("a", 1, 0.0), sight("a", 2, 0.01)])) == 2
    assert len(gather([sight("a", 1, 0.0), sight("a", 2, 0.01, ((20, 30),))])) == 1


def answers(*addresses: str) -> Any:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
     "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:0001::", "::"],
)  # fmt: skip
def test_a_webhook_never_leads_inside(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.215.14", address))
    with pytest.raises(Refused, match="private network"):
        webhook.check_url("https://example.org/ended", ())


def test_a_webhook_is_connected_to_where_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.215.14"))
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConnectionRefusedError):
        webhook.tell("http://example.org:8080/x", (), {})
    assert tried == [("93.184.215.14", 8080)]


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("http://inside:1/hooks/a", True),
        ("http://inside:1/hooks", True),
        ("http://inside:1/hooksx", False),
        ("http://inside:1/hooks/../x", False),
        ("http://inside:2/hooks/a", False),
        ("http://inside:1@evil.example/hooks/a", False),
        ("https://inside:1/hooks/a", False),
    ],
)
def test_what_the_operator_allows_is_taken_literally(monkeypatch: pytest.MonkeyPatch, url: str, fits: bool) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("127.0.0.1"))
    if fits:
        assert webhook.check_url(url, ("http://inside:1/hooks",)) == url
    else:
        with pytest.raises(Refused):
            webhook.check_url(url, ("http://inside:1/hooks",))


def test_only_jobs_that_are_no_more_are_swept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)
    for name in ("0123456789abcdef", "fedcba9876543210", "Documents", "0123456789abcde"):
        (tmp_path / name / "originals").mkdir(parents=True)
    shelf.wipe_strangers({"fedcba9876543210"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0123456789abcde", "Documents", "fedcba9876543210"]


def test_room_is_kept_while_files_come(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "jobs", 1000)
    with shelf.reserved(600):
        with pytest.raises(Refused, match="disk space"), shelf.reserved(600):
            pass
        shelf.check_room(400)
    shelf.check_room(1000)


def test_regions_keep_what_a_person_said(tmp_path: Path) -> None:
    found = Found(
        {0: (Region("face", Box(1, 2, 9, 9), 0.9, track=1),), 4: (Region("face", Box(1, 2, 9, 9), 0.8, track=1),)}
    )
    save_regions(tmp_path, "a/b.mp4", show(found, {1}, False))
    assert [r.hide for r in regions_of(tmp_path).all()] == [False, False]
    assert load(tmp_path / "tracks.json")["1"]["spans"] == [[0, 0], [4, 4]]
    save_regions(tmp_path, "a/b.mp4", Found({}))
    assert not list(regions_of(tmp_path).all())


def test_a_listener_who_sleeps_is_told_to_look_again() -> None:
    async def listen() -> list[Any]:
        bulletin, heard = Bulletin(), []
        listener = bulletin.listen("job", 5)
        await anext(listener)
        for number in range(500):
            bulletin.tell("job", "file", {"number": number})
        bulletin.gone("job")
        async for event in listener:
            heard.append(event)
        return heard

    heard = asyncio.run(listen())
    assert LOST in heard and heard[-1] == GONE and len(heard) <= 201


def test_an_order_that_takes_too_long_is_ended_and_the_next_one_done(photo: Path, tmp_path: Path) -> None:
    async def work() -> tuple[str, int]:
        hand = Hand()
        order = {"order": "look", "source": str(photo), "folder": str(tmp_path / "looks"), "name": "a.jpg"}
        with pytest.raises(Refused) as caught:
            await hand.do(dict(order), 0.05)
        seen = await hand.do(order, 60)
        await hand.stop()
        return caught.value.what, seen["width"]

    what, width = asyncio.run(work())
    assert "took longer" in what and width == 512


def test_a_worker_that_falls_takes_nobody_along(photo: Path) -> None:
    async def work() -> str:
        hand = Hand()
        with pytest.raises(Refused) as caught:
            await hand.do({"order": "face", "source": str(photo), "times": "/nowhere", "index": 0, "box": []}, 60)
        await hand.stop()
        return caught.value.what

    assert asyncio.run(work()).startswith("unexpected")


def test_frames_are_the_same_in_any_order(tmp_path: Path, astronaut: Pixels) -> None:
    path = film(tmp_path / "clip.mp4", astronaut, 40)
    straight = [frame.pixels for frame in read(probe(path), exact=False)]
    reel = Reel(path, [round(frame.time, 4) for frame in read(probe(path), exact=False)])
    for index in (30, 3, 39, 0, 17, 18, 16):
        assert np.array_equal(reel.at(index).pixels, straight[index]), index
    assert [frame.index for frame in reel.onward(35)] == [35, 36, 37, 38, 39]


def test_a_frame_of_the_result_is_that_of_the_source_however_late_it_begins(tmp_path: Path) -> None:
    greys = [np.full((64, 64, 3), 5 * i + 20, np.uint8) for i in range(40)]
    source = making.film(tmp_path / "late.mp4", greys, sound="aac", times=[800 + 40 * i for i in range(40)])
    times = [round(frame.time, 4) for frame in read(probe(source), exact=False)]
    assert times[0] > 0.79
    for path in (source, making.again(source)):
        reel = Reel(path, times)
        for index in (0, 30, 3, 39):
            assert abs(float(reel.at(index).pixels.mean()) - (5 * index + 20)) < 2.4, (path, index)


def test_a_followed_box_ends_with_its_scene(astronaut: Pixels) -> None:
    def frames() -> Iterator[Frame]:
        for i in range(20):
            view = astronaut[20:260, 60 + i : 380 + i] if i < 12 else np.full((240, 320, 3), 10 * i, np.uint8)
            yield Frame(np.ascontiguousarray(view), i, i / 24)

    steps = list(follow(frames(), Region("face", Box(60, 200, 100, 236), 1.0, track=3)))
    assert [step.index for step in steps] == list(range(12))
    assert all(step.seen and step.region.track == 3 for step in steps)
    assert abs(steps[-1].region.box.centre[0] - 69) < 3


@given(st.tuples(*[st.floats(-50, 150)] * 4))
def test_a_portrait_is_a_square_wherever_the_box_lies(corners: tuple[float, float, float, float]) -> None:
    x0, y0, w, h = corners
    picture = portrait(np.zeros((90, 120, 3), np.uint8), Box(x0, y0, x0 + abs(w) + 1, y0 + abs(h) + 1), 64)
    assert abs(picture.shape[0] - picture.shape[1]) <= 2 and jpeg(picture)[:2] == b"\xff\xd8"


def test_a_fault_of_the_service_ends_one_step_and_not_the_service(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> Any:
        house = House(Settings(tmp_path / "data", "a-key-for-this-test"))
        house.start()
        try:
            return await both(house)
        finally:
            await house.close()

    async def both(house: House) -> Any:
        jobs = []
        for _ in range(2):
            job = house.store.add_job(1, Wish().model_dump(), "")
            house.shelf.make(job.id)
            await receive(house, announce(house, job, "a.jpg", photo.stat().st_size), pieces(photo))
            jobs.append(job.id)
        await until(lambda: all(file.state == "found" for job in jobs for file in house.store.files(job)))
        write = records.write

        def fail(path: Path, values: Any) -> None:
            if jobs[0] in str(path):
                raise OSError(28, "No space left on device")
            write(path, values)

        monkeypatch.setattr(records, "write", fail)
        for job_id in jobs:
            house.store.set_job(job_id, state="hiding")
        await until(lambda: all(job.state != "hiding" for job in house.store.jobs()))
        return [(job.state, [f.state for f in house.store.files(job.id)]) for job in map(house.job, jobs)]

    assert asyncio.run(work()) == [("failed", ["failed"]), ("done", ["done"])]


async def pieces(path: Path) -> AsyncIterator[bytes]:
    yield path.read_bytes()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not reached():
            await asyncio.sleep(0.05)
