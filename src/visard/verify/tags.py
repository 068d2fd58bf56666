"""Room 7, DOUBT: the draft holds no metadata that nobody asked for."""

from __future__ import annotations

from pathlib import Path

from visard.media.metadata import tags
from visard.types import Check


def check_tags(draft: Path, allowed: tuple[str, ...]) -> Check:
    """Return how many tags survive in a draft's bytes that were not asked for by name; none may."""
    asked = {f"exif:{name}" for name in allowed}
    return Check("tags", float(sum(tag not in asked for tag in tags(draft))), 0.0)
