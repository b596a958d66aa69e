"""A file's name as a stranger may give it, and as a page, an event and a download can bear it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from shared.events.text import is_one_line

LONGEST = 120
OTHERWISE = "document"
_FOLDERS = re.compile(r".*[/\\]", re.DOTALL)
_LONGEST_SUFFIX = 10


def clean(given: str) -> str:
    """The name alone, on one line, without folders, control and direction characters.

    A long name is cut before its suffix; leading dots are dropped.
    """
    name = _FOLDERS.sub("", unicodedata.normalize("NFC", given))
    visible = "".join(it for it in name if is_one_line(it) and unicodedata.category(it) != "Cf")
    plain = " ".join(visible.split()).lstrip(".")
    stem, dot, suffix = plain.rpartition(".")
    if not dot or not suffix or len(suffix) > _LONGEST_SUFFIX:
        return plain[:LONGEST].strip() or OTHERWISE
    stem = stem[: LONGEST - len(suffix) - 1].strip()
    return f"{stem or OTHERWISE}.{suffix}"


def disposition(name: str) -> str:
    """`Content-Disposition` of a download (RFC 6266): to be kept, never shown."""
    if quote(name, safe=" ") == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=utf-8''{quote(name, safe='')}"
