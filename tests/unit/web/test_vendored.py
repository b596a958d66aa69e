"""Files of others are what they were when somebody looked at them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import shared.web
from shared.web.static_files import SERVED, StaticFiles

STATIC = Path(shared.web.__file__).parent / "static"
ROW = re.compile(
    r"\| `(?P<file>[^`]+)` \| (?P<package>[^|]+) \| [^|]+ \| `(?P<sha256>[0-9a-f]{64})`"
)
OURS = {"web.css", "web.js", "passkeys.js"}


def listed() -> dict[str, str]:
    rows = ROW.finditer((STATIC / "VENDORED.md").read_text("utf-8"))
    return {row["file"]: row["sha256"] for row in rows}


def test_every_vendored_file_has_the_digest_that_is_listed() -> None:
    found = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in listed()}

    assert found == listed()


def test_no_file_is_served_that_is_neither_ours_nor_listed() -> None:
    served = {it.relative_to(STATIC).as_posix() for it in STATIC.rglob("*") if it.suffix in SERVED}

    assert served == OURS | {name for name in listed() if Path(name).suffix in SERVED}


def test_the_address_of_a_file_changes_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    before = StaticFiles([tmp_path]).url("a.css")
    (tmp_path / "a.css").write_text("b {}")

    assert StaticFiles([tmp_path]).url("a.css") != before
