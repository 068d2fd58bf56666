"""The report as a page: one self-contained HTML file, with thumbnails of results and never of originals."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from visard import __version__
from visard.errors import VisardError
from visard.report.layout import page
from visard.report.proof import Proof, in_words
from visard.report.record import sha256
from visard.stores import is_far
from visard.types import Report

if TYPE_CHECKING:
    from PIL import Image

_THUMBNAIL = 320
_MOST_THUMBNAILS = 400

_STYLE = """
.files { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem }
article { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem }
.proof { border-left: .25rem solid var(--line); padding-left: 1rem; margin: 0 0 2rem; max-width: 60rem }
article.failed { border-color: var(--bad) }
img { width: 100%; height: 13rem; object-fit: contain; background: #8882; border-radius: .3rem; margin-bottom: .6rem }
"""

_MEANING = {
    "frames_lost": "Frames missing or of another size",
    "untouched": "Change outside the hidden parts (grey levels)",
    "found_again": "Faces that a second detector still finds",
    "seen_through": "Faces that are drawn in the transparency",
    "known_again": "Likeness to the original beyond hair and background (dlib)",
    "face_lost": "Exchanged faces that are no longer seen as faces",
    "detail_left": "Detail left in the hidden parts",
    "tags": "Tags that could identify someone",
}


def render(reports: Sequence[Report], results: Callable[[Report], Path], proof: Proof | None = None) -> str:
    """Return the page of a run; results gives the path of a report's output, for its thumbnail."""
    failed = sum(r.status == "failed" for r in reports)
    hidden = sum(r.tracks for r in reports)
    words = [f"{len(reports)} files", f"{hidden} people hidden", f"{failed} failed", f"visard {__version__}"]
    cards = [
        _card(r, results(r) if r.status != "failed" and i < _MOST_THUMBNAILS else None)
        for i, r in enumerate(sorted(reports, key=lambda r: r.status != "failed"))
    ]
    body = f'{_proved(proof)}<main class="files">{"".join(cards)}</main>'
    return page("visard report", "What was hidden", words, body, _STYLE)


def _proved(proof: Proof | None) -> str:
    if proof is None:
        return ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in in_words(proof))
    return f'<section class="proof"><h2>Who could still be recognised?</h2>{lines}</section>'


def _card(report: Report, result: Path | None) -> str:
    if report.status == "failed":
        return (
            f'<article class="failed"><h2>{escape(report.source)}</h2>'
            f'<p class="error">{escape(report.error)}</p></article>'
        )
    parts = [f"<article><h2>{escape(report.output)}</h2>"]
    picture = None if result is None or is_far(result) else _thumbnail(result, report)
    if picture is not None:
        parts.append(f'<img alt="The result, {escape(report.output)}" src="data:image/jpeg;base64,{picture}">')
    parts += [f"<p>{escape(line)}</p>" for line in _summary(report)]
    parts += [f'<p class="quiet">{escape(note)}</p>' for note in report.notes]
    return "".join([*parts, _checks(report), "</article>"])


def _summary(report: Report) -> list[str]:
    methods = ", ".join(f"{kind}: {name}" for kind, name in report.methods.items())
    rooms = ", ".join(f"{room} {spent:.2f} s" for room, spent in report.seconds.items())
    if report.nothing_found:
        return ["Nothing found. Written with clean metadata; look at it before you publish it.", rooms]
    people = f"{report.tracks} hidden ({methods})" + (f", {report.spared} regions spared" if report.spared else "")
    return [f"{people} in {report.frames} frame{'s' * (report.frames != 1)}", rooms]


def _checks(report: Report) -> str:
    rows = []
    for check in report.checks:
        mark = '<td class="passed">passed</td>' if check.passed else '<td class="doubt">failed</td>'
        rows.append(
            f"<tr><th>{escape(_MEANING.get(check.name, check.name))}</th>"
            f'<td class="number">{round(check.value, 3):g} of {check.limit:g}</td>{mark}</tr>'
        )
    return f"<table>{''.join(rows)}</table>"


def _thumbnail(result: Path, report: Report) -> str | None:
    """Return a small JPEG of the result in base64, a picture or the middle of a video; None where it cannot be shown.

    What an earlier run left may have become another file since then, even an original.
    """
    buffer = io.BytesIO()
    try:
        if report.status == "skipped" and sha256(result) != report.output_sha256:
            return None
        (_shrink_video if report.media == "video" else _shrink_picture)(result, buffer)
    except (VisardError, OSError, ValueError, StopIteration):
        return None
    return base64.b64encode(buffer.getvalue()).decode()


def _shrink_picture(result: Path, buffer: io.BytesIO) -> None:
    from visard.media.picture import opened

    with opened(result) as image:
        image.draft("RGB", (_THUMBNAIL * 2, _THUMBNAIL * 2))
        _save_small(image, buffer)


def _shrink_video(result: Path, buffer: io.BytesIO) -> None:
    import av

    with av.open(str(result)) as container:
        if container.duration:
            container.seek(container.duration // 2)
        _save_small(next(container.decode(video=0)).to_image(), buffer)


def _save_small(image: Image.Image, buffer: io.BytesIO) -> None:
    small = image.convert("RGB")
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    small.save(buffer, "JPEG", quality=80)
