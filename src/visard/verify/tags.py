"""Room 7, DOUBT: no tag survived that nobody asked for."""

from __future__ import annotations

from pathlib import Path

from visard.media.metadata import tags
from visard.types import Check


def check_tags(draft: Path, allowed: tuple[str, ...] = ()) -> Check:
    """Return how many tags of a written file were not asked for by name; none may survive."""
    surviving = [name for name in tags(draft) if name.removeprefix("Exif ") not in allowed]
    return Check("tags", float(len(surviving)), 0.0)
