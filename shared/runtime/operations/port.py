"""The internal port: questions about the service's own records, as JSON over HTTP.

Every question needs a credential that allows it. One that is wrong gets all its faults named, never
a value of it; one that the service cannot answer now (a dependency is down) gets 503.
docs/internal-port.md shows each with an example.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import BaseModel
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
from shared.runtime.decider import Documents, HandIns, Preview, Service
from shared.runtime.faults import described
from shared.runtime.health.status import Health
from shared.runtime.listener import listening
from shared.runtime.operations.admission import Admission, credentials
from shared.runtime.operations.answers import (
    Answer,
    CheckAnswer,
    DocumentAnswer,
    DryRunAnswer,
    Foreseen,
    HandInAnswer,
    HealthAnswer,
    PreviewAnswer,
    PreviewedEvent,
)
from shared.runtime.operations.corrections import faults_of
from shared.runtime.operations.dry_run import DryRun
from shared.runtime.operations.http import (
    Asked,
    QuestionRefused,
    body_of,
    in_json,
    query_of,
    refusal,
)
from shared.runtime.operations.questions import (
    CheckOf,
    DryRunOf,
    HistoryOf,
    OneRecord,
    PageOf,
    Waits,
)
from shared.runtime.operations.records import NoSuchRecord, RecordReader
from shared.runtime.operations.second_decision import SecondDecision
from shared.runtime.operations.time_order import NoSuchPlace
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_BODIES = 2
"""Questions with a body at a time: each may take 8 MiB, and a dry run as long as a batch."""
AGAIN_SECONDS = 20.0
"""Long histories are folded for it: what is left then is another question."""
POLLED = "/parked/waits"
"""A replay asks this until it is answered no; a line for each would drown the log."""
STATUS = "/status"
"""A console asks this as long as somebody looks at its overview."""
CONNECTIONS = 64

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Port:
    """Answers for one service, with its settings, its clock and its stored records."""

    service: Service
    settings: RuntimeSettings
    database: Database
    store: Store
    clock: Callable[[], datetime]
    service_health: Health
    _bodies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_BODIES))

    @property
    def _records(self) -> RecordReader:
        return RecordReader(self.service, self.database, self.store)

    async def parked(self, request: Request) -> Answer:
        """The parked records, longest first."""
        return await self._records.parked(query_of(request, PageOf))

    async def parked_one(self, request: Request) -> Answer:
        """One parked record and its line."""
        return await self._records.parked_one(query_of(request, OneRecord).ref)

    async def waits(self, request: Request) -> Answer:
        """Whether a message waits for a record."""
        asked = query_of(request, Waits)
        return await self._records.waits(asked.ref, asked.message_id)

    async def due(self, request: Request) -> Answer:
        """Lists records by their due time, the earliest first."""
        return await self._records.due(query_of(request, PageOf))

    async def sizes(self, request: Request) -> Answer:
        """Lists the kinds that have documents that are too large."""
        query_of(request, Nothing)
        return await self._records.sizes()

    async def status(self, request: Request) -> Answer:
        """The service's status, and what it lacks; answered without the database."""
        query_of(request, Nothing)
        now = self.service_health
        return HealthAnswer(service=self.service.name, status=now.status, away=dict(now.away))

    async def history(self, request: Request) -> Answer:
        """One record's state and history."""
        return await self._records.history(query_of(request, HistoryOf))

    async def dry_run(self, request: Request) -> Answer:
        """Foresees the decisions on these records, as of now or of the time they came."""
        async with self._asked(request, DryRunOf) as asked:
            sources = self.settings.topic_sources
            kind = SecondDecision if asked.again else DryRun
            run = kind(self.service, self.database, clock=self.clock, sources=sources)
            foreseen: list[Foreseen] = []
            ends = time.monotonic() + AGAIN_SECONDS
            for record in asked.records:
                if asked.again and foreseen and time.monotonic() > ends:
                    break
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
        """The service's preview of a hypothetical request."""
        preview: Preview[Any] | None = self.service.preview
        if preview is None:
            raise QuestionRefused(404, ("", "this service has no preview"))
        async with self._asked(request, preview.question) as question:
            ref = preview.about(question)
            record = (await self.store.read([ref]))[ref]
        if record.newer:
            raise QuestionRefused(409, ("", "a newer release wrote this record"))
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
            raise QuestionRefused(404, ("", "this service has no documents"))
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

    async def hand_in(self, request: Request) -> Answer:
        """Takes an attachment; a refusal names its cause."""
        hand_ins: HandIns[Any] | None = self.service.hand_ins
        if hand_ins is None:
            raise QuestionRefused(404, ("", "this service takes no attachments"))
        async with self._asked(request, hand_ins.given) as given:
            refusal = await hand_ins.take(given, self.database)
        if refusal is not None:
            raise QuestionRefused(409, ("content", refusal))
        return HandInAnswer(service=self.service.name)

    async def _states(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        """Raises `QuestionRefused` for a record that a newer release wrote."""
        found = await self.store.read(refs)
        if any(found[ref].newer for ref in refs):
            raise QuestionRefused(409, ("", "a newer release wrote this record"))
        return {ref: found[ref].state for ref in refs}

    @contextlib.asynccontextmanager
    async def _asked(self, request: Request, kind: type[Asked]) -> AsyncIterator[Asked]:
        """The question in the body, of which only `MOST_BODIES` are held at a time."""
        async with self._bodies:
            yield await body_of(request, kind)


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
        STATUS: port.status,
        "/history": port.history,
    }
    told = {"/dry-run": port.dry_run, "/check": port.check, "/preview": port.preview}
    told |= {"/document": port.document, "/attachment": port.hand_in}
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
        told = log.debug if request.url.path in (POLLED, STATUS) else log.info
        asker = request.scope["asker"]
        told("question", asked=request.url.path, asker=asker, status=response.status_code)
        return response

    return handle


async def _answered(answer: Callable[[Request], Awaitable[Answer]], request: Request) -> Response:
    try:
        return in_json(200, await answer(request))
    except QuestionRefused as refused:
        return refusal(refused.status, refused.faults)
    except NoSuchRecord:
        return refusal(404, [("", "there is no such record")])
    except NoSuchPlace:
        return refusal(422, [("after", "is not where a page ended")])
    except Outage as outage:
        log.warning("a question cannot be answered", asked=request.url.path, why=str(outage))
        return refusal(503, [("", f"{outage.dependency} does not answer")])
    except ClientDisconnect:
        return refusal(400, [("", "the client left")])
    except Exception as defect:
        log.exception("a question failed", asked=request.url.path)
        return refusal(500, [("", f"the service failed: {described(defect)}")])


async def _not_routed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, [("", error.detail)], dict(error.headers or {}))


def _told(events: Sequence[Event]) -> tuple[PreviewedEvent, ...]:
    return tuple(PreviewedEvent(ce_type=event.ce_type, data=codec.dump(event)) for event in events)
