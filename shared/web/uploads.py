"""Forms with files, read as they arrive: counted, bounded and hashed before anything is kept.

The form's ticket comes before its files, so another site's form ends before its first file is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MULTIPART = "multipart/form-data"
MOST_REQUEST_BYTES = 12 * 1024 * 1024
"""Of a form with files; two of the largest fit."""
MOST_TEXT_BYTES = 128 * 1024
MOST_PARTS = 100
READ_WITHIN_SECONDS = 60.0
"""A browser that sends more slowly than this holds a place that others wait for."""
AT_ONCE = 4
"""Forms with files that one process reads at a time, each at most `MOST_REQUEST_BYTES`."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file as a browser sent it. `content` is None where it was larger than allowed."""

    field: str
    file_name: str
    declared: str
    size: int
    sha256: str
    content: bytes | None


@dataclass(slots=True)
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    name: str = ""
    file_name: str | None = None
    declared: str = ""
    size: int = 0
    content: bytearray = field(default_factory=bytearray)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)


class _Form:
    """The parser's findings so far."""

    def __init__(self, most_bytes: int, may_begin: Callable[[FormData], None]) -> None:
        self.texts: list[tuple[str, str | UploadFile]] = []
        self.files: list[Uploaded] = []
        self.ended = False
        self._most = most_bytes
        self._may_begin = may_begin
        self._part = _Part()
        self._parts = self._text_bytes = 0
        self._name, self._value = b"", b""

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise HTTPException(413)
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        part = self._part
        _, options = parse_options_header(part.headers.get("content-disposition", b""))
        if b"name" not in options:
            raise HTTPException(400)
        part.name = options[b"name"].decode("utf-8", "replace")
        part.declared = part.headers.get("content-type", b"").decode("latin-1")
        if b"filename" in options:
            part.file_name = options[b"filename"].decode("utf-8", "replace")
            self._may_begin(FormData(self.texts))

    def _data(self, data: bytes, start: int, end: int) -> None:
        part, piece = self._part, data[start:end]
        part.size += len(piece)
        if part.file_name is None:
            self._text_bytes += len(piece)
            if self._text_bytes > MOST_TEXT_BYTES:
                raise HTTPException(413)
        else:
            part.digest.update(piece)
        if part.size <= self._most:
            part.content += piece
        else:
            part.content.clear()

    def _end(self) -> None:
        part = self._part
        if part.file_name is None:
            self.texts.append((part.name, part.content.decode("utf-8", "replace")))
        elif part.file_name or part.size:  # a browser sends an empty part for no file
            fits = part.size <= self._most
            self.files.append(
                Uploaded(
                    field=part.name,
                    file_name=part.file_name,
                    declared=part.declared,
                    size=part.size,
                    sha256=part.digest.hexdigest(),
                    content=bytes(part.content) if fits else None,
                )
            )

    def _finish(self) -> None:
        self.ended = True


async def form_with_files(
    request: Request,
    places: asyncio.Semaphore,
    may_begin: Callable[[FormData], None],
    *,
    most_bytes: int,
) -> tuple[FormData, list[Uploaded]]:
    """The form's texts and its files, none longer than `most_bytes` in memory.

    `may_begin` is called with the texts that came before each file, and raises to end it there.
    Raises HTTPException for a body that is no form, too long, or too slow.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != MULTIPART.encode() or not boundary:
        raise HTTPException(400)
    form = _Form(most_bytes, may_begin)
    async with places:
        try:
            parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
            async with asyncio.timeout(READ_WITHIN_SECONDS):
                async for part in request.stream():
                    parser.write(part)
        except FormParserError:
            raise HTTPException(400) from None
        except ClientDisconnect:
            raise HTTPException(400) from None
        except TimeoutError:
            raise HTTPException(408) from None
    if not form.ended:
        raise HTTPException(400)
    return FormData(form.texts), form.files
