"""The page as people meet it, in a real browser: by mouse, by keyboard, on a telephone; and what it must never do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import visard
from visard.media.read import probe, read
from visard.types import Pixels

from ..test_cli import film
from .conftest import KEY, PLACES, Service
from .test_api import empty, jpeg, traces

Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, service: Service) -> Iterator[Open]:
    """A way to open the page, which fails where the page reaches elsewhere, or something in it breaks."""
    contexts, wrong = [], []

    def open_page(address: str = "", of: Service | None = None, **options: Any) -> Any:
        target = of or service
        contexts.append(browser.new_context(accept_downloads=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
        page.on("request", lambda request: elsewhere(request.url, target))
        page.set_default_timeout(60_000)
        page.goto(address or target.address)
        return page

    def elsewhere(url: str, target: Service) -> None:
        if not url.startswith((f"http://127.0.0.1:{target.port}/", "blob:")):
            wrong.append(f"reaches for {url}")

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def job_of(page: Any) -> str:
    return str(page.url.partition("#job=")[2])


def is_different(result: Pixels, before: Pixels, place: str) -> float:
    columns = slice(*PLACES[place])
    return float(np.any(result[:, columns] != before[:, columns], axis=2).mean())


def test_the_whole_way(opened: Open, service: Service, group: Path, crowd: Pixels) -> None:
    page = opened()
    page.set_input_files("#choose-files", [str(group)])
    page.wait_for_selector(".person >> nth=1")
    assert KEY not in page.url
    # Spare the one on the left.
    _, people = service.ask("GET", f"/api/jobs/{job_of(page)}/people")
    left = min(range(2), key=lambda i: people[i]["tracks"][0]["box"][0])
    page.locator(".person").nth(left).click()
    page.locator(f".person >> nth={left}").and_(page.locator("[aria-checked=false]")).wait_for()
    # Draw a box around whoever was missed.
    page.get_by_role("button", name="Add a box").click()
    place = page.locator(".boxes").bounding_box()
    scale = place["width"] / crowd.shape[1]
    page.mouse.move(place["x"] + 1060 * scale, place["y"] + 130 * scale)
    page.mouse.down()
    page.mouse.move(place["x"] + 1200 * scale, place["y"] + 300 * scale)
    page.mouse.move(place["x"] + 1290 * scale, place["y"] + 400 * scale)
    page.mouse.up()
    page.wait_for_selector(".person >> nth=2")
    page.get_by_role("radio", name="Black").click()
    page.get_by_role("button", name="Hide 2 people in 1 file").click()
    page.wait_for_selector("#save")
    with page.expect_download() as waiting:
        page.click("#save")
    assert waiting.value.suggested_filename == "group.png"
    result = np.asarray(Image.open(waiting.value.path()).convert("RGB"))
    assert is_different(result, crowd, "first") == 0
    assert is_different(result, crowd, "second") > 0.03
    assert is_different(result, crowd, "missed") > 0.2
    middle = result[265, 1174]
    assert not middle.any()
    # Before and after are both to be seen.
    assert page.locator(".pair img").count() == 2
    with page.expect_download() as waiting:
        page.click("#report")
    assert waiting.value.suggested_filename == "report.html"
    service.ask("DELETE", f"/api/jobs/{job_of(page)}")


def test_reloading_in_the_middle_loses_nothing(
    opened: Open, service: Service, astronaut: Pixels, tmp_path: Path
) -> None:
    page = opened()
    page.set_input_files("#choose-files", [str(film(tmp_path / "clip.mp4", astronaut, 48))])
    page.wait_for_selector("#hide:not([disabled])")
    page.get_by_role("radio", name="Mosaic").click()
    page.click("#hide")
    page.get_by_role("button", name="Stop").wait_for()
    page.reload()
    page.wait_for_selector("#save")
    assert page.locator(".span").count() == 1
    service.ask("DELETE", f"/api/jobs/{job_of(page)}")


def test_a_wrong_key_opens_nothing(opened: Open, service: Service) -> None:
    page = opened(service.address.replace(KEY, "wrong"))
    page.get_by_role("heading", name="This page needs its key").wait_for()
    assert page.locator(".drop, .job").count() == 0
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector(".drop")


def test_deleting_leaves_no_byte(opened: Open, another: Callable[..., Service], astronaut: Pixels) -> None:
    service, content = another(), jpeg(astronaut)
    page = opened(of=service)
    page.set_input_files("#choose-files", [{"name": "zanzibar.jpg", "mimeType": "image/jpeg", "buffer": content}])
    page.wait_for_selector("#hide:not([disabled])")
    page.click("#hide")
    page.wait_for_selector("#save")
    assert traces(service.folder, [b"zanzibar", content[2000:2100]])
    page.click("#delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete now").click()
    page.wait_for_selector(".drop")
    assert empty(service.folder)
    assert not traces(service.folder, [b"zanzibar", content[2000:2100]])


def test_bad_files_say_so_where_they_are(opened: Open, service: Service, astronaut: Pixels, tmp_path: Path) -> None:
    bad = {
        "notes.jpg": b"no picture",
        "empty.png": b"",
        "bell\a.jpg": jpeg(astronaut),
        "cut.mp4": b"\0\0\0\x20ftypisom",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.jpg").write_bytes(jpeg(astronaut))
    page = opened()
    page.set_input_files("#choose-files", [str(tmp_path / name) for name in (*bad, "good.jpg")])
    for words in (
        "notes.jpg is no picture or video",
        "empty.png is empty",
        "bell□.jpg's name holds characters",
        "cut.mp4",
    ):
        page.locator(".tile-words.error", has_text=words).wait_for()
    page.get_by_role("button", name="Hide 1 person in 1 file").click()
    page.get_by_role("button", name="Download", exact=True).wait_for()
    service.ask("DELETE", f"/api/jobs/{job_of(page)}")


def test_too_much_is_said_before_it_is_sent(opened: Open, service: Service, tmp_path: Path) -> None:
    with (tmp_path / "big.mp4").open("wb") as big:
        big.truncate(2_100_000_000)
    page = opened()
    page.set_input_files("#choose-files", [str(tmp_path / "big.mp4")])
    page.locator(".tile-words.error", has_text="big.mp4 is larger than 2 GB").wait_for()
    assert not list(service.folder.rglob("*.mp4*"))
    service.ask("DELETE", f"/api/jobs/{job_of(page)}")


def test_everything_works_from_the_keyboard(opened: Open, service: Service, group: Path) -> None:
    page = opened()
    page.set_input_files("#choose-files", [str(group)])
    page.wait_for_selector(".person >> nth=1")
    page.locator(".person").first.focus()
    page.keyboard.press("Space")
    page.locator(".person[aria-checked=false]").wait_for()
    # Boxes: placed, moved, enlarged, removed, and brought back.
    page.locator("#main").focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".box >> nth=2")
    body = page.locator(".box.selected .body")
    before = {key: float(body.get_attribute(key)) for key in ("x", "y", "width")}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    after = {key: float(body.get_attribute(key)) for key in ("x", "y", "width")}
    assert after["x"] > before["x"] and after["y"] > before["y"] and after["width"] > before["width"]
    page.keyboard.press("Delete")
    page.wait_for_selector(".box >> nth=2", state="detached")
    page.keyboard.press("Control+z")
    page.wait_for_selector(".box >> nth=2")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    # What is kept by a box is kept on the card.
    page.locator(".box.hide").first.focus()
    page.keyboard.press("k")
    page.locator(".person[aria-checked=false] >> nth=1").wait_for()
    job = job_of(page)
    service.wait(job, lambda _: sum(p["hide"] for p in service.ask("GET", f"/api/jobs/{job}/people")[1]) == 1)
    service.ask("DELETE", f"/api/jobs/{job}")


def test_a_video_is_moved_through_and_a_box_followed(
    opened: Open, service: Service, astronaut: Pixels, tmp_path: Path
) -> None:
    page = opened()
    page.set_input_files("#choose-files", [str(film(tmp_path / "clip.mp4", astronaut))])
    page.wait_for_selector(".span")
    page.locator("#main").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.get_by_label("Frame", exact=True).input_value() == "11"
    page.get_by_role("button", name="Add a box").click()
    place = page.locator(".boxes").bounding_box()
    scale = place["width"] / 320
    page.mouse.move(place["x"] + 53 * scale, place["y"] + 200 * scale)
    page.mouse.down()
    page.mouse.move(place["x"] + 93 * scale, place["y"] + 236 * scale, steps=4)
    page.mouse.up()
    page.get_by_text("Followed from").wait_for()
    job = job_of(page)
    path = f"/api/jobs/{job}/files/{service.seen(job)['files'][0]['id']}/regions"
    service.wait(job, lambda _: sum(r["track"] == 2 for r in service.ask("GET", path)[1]["regions"]) == 13)
    # It is shown where it went, a pixel to the left with each frame, and has a bar of its own.
    page.wait_for_selector(".span >> nth=1")
    body = page.locator(".box[data-track='2'] .body")
    drawn = float(body.get_attribute("x"))
    page.locator("#main").focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.get_by_label("Frame", exact=True).input_value() == "21"
    assert abs(float(body.get_attribute("x")) - (drawn - 10)) < 3
    # And it is hidden there: nothing else takes the patch on her suit for somebody.
    page.get_by_role("radio", name="Black").click()
    page.click("#hide")
    page.wait_for_selector("#save")
    with page.expect_download() as waiting:
        page.click("#save")
    frames = [frame.pixels for frame in read(probe(waiting.value.path()))]
    dark = [bool((frames[i][206:230, 64 - i + 11 : 82 - i + 11] < 40).all()) for i in range(24)]
    assert dark == [i >= 11 for i in range(24)]
    service.ask("DELETE", f"/api/jobs/{job}")


def test_every_check_of_faces_has_its_words() -> None:
    folder = Path(visard.__file__).parent
    made = "".join(path.read_text() for path in folder.rglob("*.py"))
    words = (folder / "serve" / "page" / "results.js").read_text().partition("CHECKED = {")[2].partition("};")[0]
    names = set(re.findall(r'Check\(\s*"(\w+)"', made)) - {"seen_again"}  # of other kinds
    assert set(re.findall(r"(\w+): \"", words)) == names


UNNAMED = """() => [...document.querySelectorAll("button, a, input, select, [role], img, [tabindex='0']")].filter(e =>
  e.checkVisibility() && !e.closest("[aria-hidden=true]") && (e.tagName === "IMG" ? !e.hasAttribute("alt") :
  !(e.ariaLabel || e.getAttribute("aria-labelledby") || e.textContent.trim() || e.labels?.length
    || e.role === "status")))
  .map((e) => e.outerHTML.slice(0, 120))"""
WIDER = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_has_room_and_everything_has_a_name(
    opened: Open, service: Service, group: Path, scheme: str
) -> None:
    page = opened(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    page.wait_for_selector(".drop")
    assert page.evaluate(UNNAMED) == [] and page.evaluate(WIDER) <= 0
    page.set_input_files("#choose-files", [str(group)])
    page.wait_for_selector(".person >> nth=1")
    assert page.evaluate(UNNAMED) == [] and page.evaluate(WIDER) <= 0
    page.get_by_role("radio", name="Black").click()
    page.click("#hide")
    page.wait_for_selector("#save")
    assert page.evaluate(UNNAMED) == [] and page.evaluate(WIDER) <= 0
    service.ask("DELETE", f"/api/jobs/{job_of(page)}")


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_a_folder_keeps_its_tree(opened: Open, service: Service, astronaut: Pixels, tmp_path: Path, way: str) -> None:
    folder = tmp_path / "holiday"
    (folder / "beach").mkdir(parents=True)
    (folder / "beach" / "a.jpg").write_bytes(jpeg(astronaut))
    (folder / "notes.txt").write_text("left out")
    page = opened()
    page.wait_for_selector(".drop")
    if way == "chosen":
        page.set_input_files("#choose-folder", str(folder))
    else:
        drop(page, folder)
    page.get_by_text("1 other file in the folder was left out").wait_for()
    page.wait_for_selector("#hide:not([disabled])")
    job = job_of(page)
    assert [file["name"] for file in service.seen(job)["files"]] == ["holiday/beach/a.jpg"]
    service.ask("DELETE", f"/api/jobs/{job}")


def drop(page: Any, path: Path) -> None:
    """Drop a file or folder in the middle of the page, as a file manager does."""
    hand = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    size = page.evaluate("[innerWidth, innerHeight]")
    for step in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": step, "x": size[0] / 2, "y": size[1] / 2, "data": data})
