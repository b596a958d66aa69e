"""The files that customers may attach, and the detection of a file's type from its bytes.

Whoever takes a file and whoever keeps it ask the same questions here, so neither trusts the other.
"""

from __future__ import annotations

from collections.abc import Mapping

import puremagic

from shared.events.documents import MediaType
from shared.events.text import is_plain

MOST_FILES = 5
"""Limit per submission; the event contract allows ten."""
SUFFIXES: Mapping[MediaType, frozenset[str]] = {
    MediaType.PDF: frozenset({"pdf"}),
    MediaType.PNG: frozenset({"png"}),
    MediaType.JPEG: frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    MediaType.HEIC: frozenset({"heic", "heif"}),
    MediaType.TEXT: frozenset({"txt"}),
}
UNDECLARED = frozenset({"", "application/octet-stream"})
"""A browser's name for a type that its system does not know, such as HEIC on many."""
_DECLARED: Mapping[str, MediaType] = {
    **{it.value: it for it in MediaType},
    "image/jpg": MediaType.JPEG,
    "image/pjpeg": MediaType.JPEG,
    "image/heif": MediaType.HEIC,
    "application/x-pdf": MediaType.PDF,
}
_BEGINS: Mapping[MediaType, bytes] = {
    MediaType.PDF: b"%PDF-",
    MediaType.PNG: b"\x89PNG\r\n\x1a\n",
    MediaType.JPEG: b"\xff\xd8\xff",
}
_MARKUP = (b"<html", b"<!doctype", b"<script", b"<svg", b"<?xml", b"<body", b"<iframe")
_SNIFFED = 1024
"""Bytes that are examined to detect a file's type, as many as browsers examine."""
_ZIP_END, _ZIP_END_BYTES, _LONGEST_ZIP_COMMENT = b"PK\x05\x06", 22, 65_535


def media_type_of(content: bytes) -> MediaType | None:
    """The file's media type; None for one that may not be attached.

    A file that is two things at once is neither: markup in the part that browsers sniff, or an
    archive at the end (which Java and unpackers find there).
    """
    if not content or _sniffs_as_markup(content) or _ends_as_archive(content):
        return None
    found = _DECLARED.get(_magic(content))
    if found is not None and found is not MediaType.TEXT:
        return found if content.startswith(_BEGINS.get(found, b"")) else None
    is_binary = any(it in content[:_SNIFFED] for it in _BEGINS.values())
    return MediaType.TEXT if not is_binary and _is_text(content) else None


def agrees(found: MediaType, file_name: str, declared: str) -> bool:
    """Whether a file's name and the type that its sender declared say what its bytes are."""
    _, dot, suffix = file_name.rpartition(".")
    if not dot or suffix.lower() not in SUFFIXES[found]:
        return False
    said = declared.partition(";")[0].strip().lower()
    return said in UNDECLARED or _DECLARED.get(said) is found


def _magic(content: bytes) -> str:
    try:
        matches = puremagic.magic_string(content[: 64 * 1024])
    except (puremagic.PureError, ValueError):
        return ""
    return str(matches[0].mime_type) if matches else ""


def _sniffs_as_markup(content: bytes) -> bool:
    beginning = content[:_SNIFFED].lower()
    return any(mark in beginning for mark in _MARKUP)


def _ends_as_archive(content: bytes) -> bool:
    """Whether the end is that of a ZIP, whose comment may be as long as its header says."""
    tail = content[-(_ZIP_END_BYTES + _LONGEST_ZIP_COMMENT) :]
    at = tail.find(_ZIP_END)
    while at >= 0:
        length = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + _ZIP_END_BYTES + length == len(tail):
            return True
        at = tail.find(_ZIP_END, at + 1)
    return False


def _is_text(content: bytes) -> bool:
    """Unicode text, or a Western European one of old, without control characters."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            return False
    return is_plain(text.replace("\f", "\n"))
