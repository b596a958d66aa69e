"""The browser tests' tools outside Python, and how to get them."""

from __future__ import annotations

import shutil
from pathlib import Path

AXE = Path(__file__).parent / "target" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser on the PATH; playwright's own builds are never downloaded."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str | None:
    """Names the missing tools and how to get them; None if all are there."""
    if chromium() is None:
        return "there is no chromium on the PATH; on Debian: apt-get install chromium"
    if not AXE.exists():
        return "axe-core is not fetched; `make test-browser` does it with npm"
    return None
