"""Forms with files, read as they arrive: counted, bounded and hashed before anything is kept.

The form's ticket comes before its files, so another site's form ends before its first file is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MULTIPART = "multipart/form-data"
MOST_REQUEST_BYTES = 12 * 1024 * 1024
"""Limit of a form with files; two of the largest files fit."""
MOST_TEXT_BYTES = 128 * 1024
MOST_PARTS = 100
READ_WITHIN_SECONDS = 60.0
"""A browser that sends more slowly than this holds a place that others wait for."""
BREATH_SECONDS, LEAST_BYTES_A_SECOND = 5.0, 32 * 1024
"""The pace of a slow mobile network, after a time in which nothing need come: who keeps a place
without sending has it for seconds.
"""
AT_ONCE, AT_ONCE_OF_ONE = 4, 2
"""Forms with files that one process reads at a time, each at most `MOST_REQUEST_BYTES`: of all
clients, and of one.
"""


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


class Places:
    """The places in which one process reads forms with files. No client has all of them."""

    def __init__(self, at_once: int = AT_ONCE, of_one: int = AT_ONCE_OF_ONE) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._of_one = of_one
        self._clients: dict[str, asyncio.Semaphore] = {}
        self._here: Counter[str] = Counter()

    @asynccontextmanager
    async def one(self, client: str) -> AsyncIterator[None]:
        """Wait for a place, behind the client's own first."""
        own = self._clients.setdefault(client, asyncio.Semaphore(self._of_one))
        self._here[client] += 1
        try:
            async with own, self._all:
                yield
        finally:
            self._here[client] -= 1
            if not self._here[client]:
                del self._here[client], self._clients[client]


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
    places: Places,
    may_begin: Callable[[FormData], None],
    *,
    client: str,
    most_bytes: int,
) -> tuple[FormData, list[Uploaded]]:
    """The form's texts and its files, none longer than `most_bytes` in memory.

    `may_begin` is called with the texts that came before each file, and raises to end it there.
    `client` is whom it waits with. Raises HTTPException for a body that is no form, too long, or
    too slow.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != MULTIPART.encode() or not boundary:
        raise HTTPException(400)
    form = _Form(most_bytes, may_begin)
    async with places.one(client):
        try:
            parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
            await _read(request, parser)
        except FormParserError:
            raise HTTPException(400) from None
        except ClientDisconnect:
            raise HTTPException(400) from None
        except TimeoutError:
            raise HTTPException(408) from None
    if not form.ended:
        raise HTTPException(400)
    return FormData(form.texts), form.files


async def _read(request: Request, parser: MultipartParser) -> None:
    """Raises TimeoutError for a body that comes too slowly, on the whole or so far."""
    now = asyncio.get_running_loop().time
    began, received = now(), 0
    async with asyncio.timeout(BREATH_SECONDS) as limit:
        async for part in request.stream():
            received += len(part)
            earned = min(BREATH_SECONDS + received / LEAST_BYTES_A_SECOND, READ_WITHIN_SECONDS)
            limit.reschedule(began + earned)
            parser.write(part)
