"""The internal port: questions about the service's own records, as JSON over HTTP.

Every question needs a credential that allows it. One that is wrong gets all its faults named, never
a value of it; one that the service cannot answer now (a dependency is down) gets 503.
docs/internal-port.md shows each with an example.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shared.events.envelope import Event, Ref
from shared.mongo.client import Database
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Documents, Preview, Service
from shared.runtime.faults import described
from shared.runtime.listener import listening
from shared.runtime.operations.admission import Admission, credentials
from shared.runtime.operations.answers import (
    Answer,
    CheckAnswer,
    DocumentAnswer,
    DryRunAnswer,
    Fault,
    Faults,
    Foreseen,
    PreviewAnswer,
    PreviewedEvent,
)
from shared.runtime.operations.corrections import faults_of
from shared.runtime.operations.dry_run import DryRun
from shared.runtime.operations.questions import (
    CheckOf,
    DryRunOf,
    HistoryOf,
    OneRecord,
    PageOf,
    Waits,
)
from shared.runtime.operations.records import NoSuchRecord, Records
from shared.runtime.operations.time_order import NoSuchPlace
from shared.runtime.url_encoded import url_encoded
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_BYTES = 8 * 1024 * 1024
"""A dry run of 500 ordinary records, or of some 20 of the largest."""
MOST_MARKS = 200_000
"""Commas, braces and brackets in a body: parsed, each takes some fifty bytes of memory."""
BODY_SECONDS = 10.0
"""A client that sends its question more slowly than this holds a connection for nothing."""
MOST_BODIES = 2
"""Questions with a body at a time: each may take 8 MiB, and a dry run as long as a batch."""
MOST_FAULTS = 100
POLLED = "/parked/waits"
"""A replay asks this until it is answered no; a line for each would drown the log."""
CONNECTIONS = 64
NOT_BASE64 = "is not base64"
"""The library's words name the byte at fault, which is part of a value."""
_MARKS = (b",", b"{", b"[")

Asked = TypeVar("Asked", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """The question is not answered: with which status, and every fault of it."""

    def __init__(self, status: int, *faults: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Port:
    """Answers for one service, with its settings, its clock and its stored records."""

    service: Service
    settings: RuntimeSettings
    database: Database
    store: Store
    clock: Callable[[], datetime]
    _bodies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_BODIES))

    @property
    def _records(self) -> Records:
        return Records(self.service, self.database, self.store)

    async def parked(self, request: Request) -> Answer:
        """The parked records, longest first."""
        return await self._records.parked(_query(request, PageOf))

    async def parked_one(self, request: Request) -> Answer:
        """One parked record and its line."""
        return await self._records.parked_one(_query(request, OneRecord).ref)

    async def waits(self, request: Request) -> Answer:
        """Whether a message waits for a record."""
        asked = _query(request, Waits)
        return await self._records.waits(asked.ref, asked.message_id)

    async def due(self, request: Request) -> Answer:
        """What falls due and when, the earliest first."""
        return await self._records.due(_query(request, PageOf))

    async def sizes(self, request: Request) -> Answer:
        """Which kinds have documents that are too large."""
        _query(request, Nothing)
        return await self._records.sizes()

    async def history(self, request: Request) -> Answer:
        """One record's state and history."""
        return await self._records.history(_query(request, HistoryOf))

    async def dry_run(self, request: Request) -> Answer:
        """What the service would decide about these records now."""
        async with self._asked(request, DryRunOf) as asked:
            sources = self.settings.topic_sources
            run = DryRun(self.service, self.database, clock=self.clock, sources=sources)
            foreseen: list[Foreseen] = []
            for record in asked.records:
                foreseen.append(await run.decide(record))
                if asked.until_fault and foreseen[-1].fault is not None:
                    break
        return DryRunAnswer(service=self.service.name, foreseen=tuple(foreseen))

    async def check(self, request: Request) -> Answer:
        """Whether a corrected record could be decided, and what keeps it from it."""
        async with self._asked(request, CheckOf) as asked:
            found = faults_of(
                asked.record,
                self.service,
                self.clock(),
                needed=[needed.ref for needed in asked.needed],
                sources=self.settings.topic_sources,
            )
        return CheckAnswer(service=self.service.name, faults=tuple(found))

    async def preview(self, request: Request) -> Answer:
        """What the service would tell about a request that nobody has made."""
        preview: Preview[Any] | None = self.service.preview
        if preview is None:
            raise Refused(404, ("", "this service has no preview"))
        async with self._asked(request, preview.question) as question:
            ref = preview.about(question)
            record = (await self.store.read([ref]))[ref]
        if record.newer:
            raise Refused(409, ("", "a newer release wrote this record"))
        now = self.clock()
        return PreviewAnswer(
            service=self.service.name,
            at=now,
            known=preview.known(record.state),
            events=_told(preview.answer(question, record.state, now)),
            in_force=_told(self.service.announcements(now)) if self.service.announcements else (),
        )

    async def document(self, request: Request) -> Answer:
        """A document, for the customer whom the asking channel has signed in."""
        documents: Documents[Any] | None = self.service.documents
        if documents is None:
            raise Refused(404, ("", "this service has no documents"))
        async with self._asked(request, documents.question) as question:
            found = await documents.hand_over(question, self.database, self._states, self.clock())
        if found is None:
            raise NoSuchRecord
        return DocumentAnswer(
            service=self.service.name,
            media_type=found.media_type,
            sha256=hashlib.sha256(found.content).hexdigest(),
            content=found.content,
        )

    async def _states(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        """Raises `Refused` for a record that a newer release wrote."""
        found = await self.store.read(refs)
        if any(found[ref].newer for ref in refs):
            raise Refused(409, ("", "a newer release wrote this record"))
        return {ref: found[ref].state for ref in refs}

    @contextlib.asynccontextmanager
    async def _asked(self, request: Request, kind: type[Asked]) -> AsyncIterator[Asked]:
        """The question in the body, of which only `MOST_BODIES` are held at a time."""
        async with self._bodies:
            yield await _body(request, kind)


class Nothing(BaseModel, extra="forbid"):
    """The question takes no field."""


def application(port: Port) -> Starlette:
    """The port as an ASGI application."""
    asked = {
        "/parked": port.parked,
        "/parked/record": port.parked_one,
        POLLED: port.waits,
        "/due": port.due,
        "/sizes": port.sizes,
        "/history": port.history,
    }
    told = {"/dry-run": port.dry_run, "/check": port.check, "/preview": port.preview}
    told |= {"/document": port.document}
    routes = [Route(path, _answering(answer), methods=["GET"]) for path, answer in asked.items()]
    routes += [Route(path, _answering(answer), methods=["POST"]) for path, answer in told.items()]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Admission, credentials=credentials(port.settings))],
        exception_handlers={HTTPException: _not_routed},
    )
    app.router.redirect_slashes = False
    return app


@contextlib.asynccontextmanager
async def answering(port: Port) -> AsyncIterator[None]:
    """Listens on the internal port while entered. An address that is taken ends the process."""
    host, number = port.settings.internal_host, port.settings.internal_port
    async with listening(application(port), host, number, connections=CONNECTIONS):
        yield


def _answering(answer: Callable[[Request], Awaitable[Answer]]) -> Handler:
    """One answer or refusal to each question; who asked what is logged without its values."""

    async def handle(request: Request) -> Response:
        response = await _answered(answer, request)
        told = log.debug if request.url.path == POLLED else log.info
        asker = request.scope["asker"]
        told("question", asked=request.url.path, asker=asker, status=response.status_code)
        return response

    return handle


async def _answered(answer: Callable[[Request], Awaitable[Answer]], request: Request) -> Response:
    try:
        return _json(200, await answer(request))
    except Refused as refused:
        return _refusal(refused.status, refused.faults)
    except NoSuchRecord:
        return _refusal(404, [("", "there is no such record")])
    except NoSuchPlace:
        return _refusal(422, [("after", "is not where a page ended")])
    except Outage as outage:
        log.warning("a question cannot be answered", asked=request.url.path, why=str(outage))
        return _refusal(503, [("", f"{outage.dependency} does not answer")])
    except ClientDisconnect:
        return _refusal(400, [("", "the client left")])
    except Exception as defect:
        log.exception("a question failed", asked=request.url.path)
        return _refusal(500, [("", f"the service failed: {described(defect)}")])


async def _not_routed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refusal(error.status_code, [("", error.detail)], dict(error.headers or {}))


def _refusal(
    status: int, faults: Sequence[tuple[str, str]], headers: dict[str, str] | None = None
) -> Response:
    named = tuple(Fault(field=field, fault=fault) for field, fault in faults)
    return _json(status, Faults(faults=named), headers)


def _json(status: int, answer: Answer, headers: dict[str, str] | None = None) -> Response:
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(answer.model_dump_json(), status, kept, "application/json")


def _query(request: Request, kind: type[Asked]) -> Asked:
    """The fields of the query. Raises `Refused` with every fault."""
    try:
        pairs = url_encoded(request.scope["query_string"])
    except ValueError:
        raise Refused(400, ("", "the query is not URL-encoded UTF-8")) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [(_shown(name), "is given twice") for name in twice]
    try:
        asked = kind.model_validate(dict(pairs))
    except ValidationError as error:
        raise Refused(422, *faults, *_faults(error)) from None
    if faults:
        raise Refused(422, *faults)
    return asked


async def _body(request: Request, kind: type[Asked]) -> Asked:
    """The question in the body. Raises `Refused` with every fault."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(415, ("content-type", "is not application/json"))
    if request.scope["query_string"]:
        raise Refused(422, ("", "the question is the body alone, without a query"))
    body = await _bounded(request)
    if sum(map(body.count, _MARKS)) > MOST_MARKS:
        raise Refused(413, ("", "the body holds too many items"))
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise Refused(422, *_faults(error)) from None


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise Refused(413, ("", f"the body is larger than {MOST_BYTES} bytes"))
    except TimeoutError:
        raise Refused(408, ("", f"the body did not come within {BODY_SECONDS:g} s")) from None
    return bytes(body)


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    """Every fault by its field; a value is never repeated, since it may be personal data."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        (_shown(".".join(map(str, fault["loc"]))), _words(fault)) for fault in found[:MOST_FAULTS]
    ]


def _words(fault: ErrorDetails) -> str:
    return NOT_BASE64 if fault["type"] == "bytes_invalid_encoding" else fault["msg"]


def _shown(name: str) -> str:
    return name[:100].encode("ascii", "backslashreplace").decode()


def _told(events: Sequence[Event]) -> tuple[PreviewedEvent, ...]:
    return tuple(PreviewedEvent(ce_type=event.ce_type, data=codec.dump(event)) for event in events)
