"""Asks the services about their own records, each on its internal port.

Nothing is asked twice and nothing waits for ever. A proxy of the environment is never used: these
are addresses of the desk's own network.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import httpx2
from pydantic import ValidationError

from shared.events.envelope import Ref
from shared.events.limits import MAX_HEADERS
from shared.events.topics import SERVICES
from shared.operations.errors import OperationError
from shared.runtime.codec import Record
from shared.runtime.operations.answers import (
    Answer,
    CheckAnswer,
    DocumentAnswer,
    DryRunAnswer,
    DueRecord,
    Faults,
    Foreseen,
    HandInAnswer,
    HealthAnswer,
    History,
    ListPage,
    ParkedRecord,
    PreviewAnswer,
    Sizes,
    WaitingMessage,
)
from shared.runtime.operations.questions import (
    MOST_ON_A_PAGE,
    MOST_RECORDS,
    CheckOf,
    DryRunOf,
    OneRecord,
    RawRecord,
)

CONNECTED_WITHIN_S = 3.0
ANSWERED_WITHIN_S = 60.0
"""A dry run of 500 records on a busy machine takes some seconds."""
CHUNK_BYTES = 4 * 1024 * 1024
"""Limit of a dry run's values: in base64 with keys and headers they fit the port's limit."""

Asked = TypeVar("Asked", bound=Answer)


class ServiceError(OperationError):
    """A service did not answer a question; the message says why, without anybody's data."""

    admitted = True
    """Whether it took the credential, as far as is known."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service} {why}")
        self.service = service


class NoAddress(ServiceError):
    """Nobody said where the service's internal port is."""

    def __init__(self, service: str) -> None:
        super().__init__(service, "has no address")


class Unreachable(ServiceError):
    """The service does not answer, or something else does."""


class NotAdmitted(ServiceError):
    """The service asks for another credential."""

    admitted = False


class Unready(ServiceError):
    """The service cannot answer now, since it lacks what it depends on."""


class Refused(ServiceError):
    """The service answered that it cannot answer; `faults` are its words."""

    def __init__(self, service: str, faults: Sequence[str]) -> None:
        super().__init__(service, f"refused the question: {'; '.join(faults)}")
        self.faults = tuple(faults)


class NotThere(ServiceError):
    """The service has no such record."""


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """One service's internal port. Every question raises a `ServiceError` where it fails."""

    name: str
    url: str | None
    http: httpx2.AsyncClient

    async def parked(self) -> list[ParkedRecord]:
        """All parked records, longest parked first."""
        found: list[ParkedRecord] = []
        after: str | None = None
        while True:
            page = await self._get(
                "/parked", ListPage[ParkedRecord], limit=MOST_ON_A_PAGE, after=after
            )
            found += page.items
            if page.next is None:
                return found
            after = page.next

    async def parked_one(self, ref: Ref) -> ParkedRecord | None:
        """One record's line; None where it is not parked."""
        try:
            return await self._get("/parked/record", ParkedRecord, kind=ref.kind, id=ref.id)
        except NotThere:
            return None

    async def waits(self, ref: Ref, message_id: str) -> bool:
        """Whether the message waits for the record."""
        named = {"kind": ref.kind, "id": ref.id, "message_id": message_id}
        return (await self._get("/parked/waits", WaitingMessage, **named)).waits

    async def due(self, limit: int, after: str | None = None) -> ListPage[DueRecord]:
        """The records with a due time, the earliest first."""
        return await self._get("/due", ListPage[DueRecord], limit=limit, after=after)

    async def sizes(self) -> Sizes:
        """Asks which kinds have documents that are too large."""
        return await self._get("/sizes", Sizes)

    async def health(self) -> HealthAnswer:
        """The service's status and what it lacks; of an earlier release `NotThere`."""
        return await self._get("/status", HealthAnswer)

    async def history(
        self,
        kind: str,
        record_id: str | None = None,
        *,
        alias: str | None = None,
        first: int = 0,
    ) -> History | None:
        """One record with its history from entry `first` on, by id or alias; None where it is not
        there.
        """
        named = {"kind": kind, "id": record_id, "alias": alias, "limit": MOST_ON_A_PAGE}
        try:
            found = await self._get("/history", History, **named, first=first)
        except NotThere:
            return None
        further, entries = found.next, [*found.entries]
        while further is not None:
            page = await self._get("/history", History, **named, first=further)
            entries += page.entries
            further = page.next
        return found.model_copy(update={"entries": tuple(entries), "next": None})

    async def dry_run(
        self, records: Sequence[Record], *, until_fault: bool = False, again: bool = False
    ) -> tuple[Foreseen, ...]:
        """The service's decisions on the records, one after the other, as a dry run.

        `fits` says how many one dry run takes. With `again`, what was decided before is decided as
        of that time; then the answer may end early, once it has taken long.
        """
        asked = DryRunOf(records=tuple(map(raw, records)), until_fault=until_fault, again=again)
        # A service of an earlier release refuses fields that it does not know.
        question = asked.model_dump_json(exclude_defaults=True)
        return (await self._post("/dry-run", DryRunAnswer, question)).foreseen

    async def check(self, record: Record, needed: Iterable[Ref] = ()) -> tuple[str, ...]:
        """Everything that keeps the record from being decided, without its values."""
        waiting = tuple(OneRecord(kind=ref.kind, id=ref.id) for ref in needed)
        asked = CheckOf(record=raw(record), needed=waiting)
        return (await self._post("/check", CheckAnswer, asked.model_dump_json())).faults

    async def preview(self, question: Mapping[str, Any]) -> PreviewAnswer:
        """The service's preview of a hypothetical request."""
        return await self._post("/preview", PreviewAnswer, question)

    async def document(self, question: Mapping[str, Any]) -> DocumentAnswer:
        """A document, for the customer whom the question names."""
        return await self._post("/document", DocumentAnswer, question)

    async def hand_in(self, attachment: Mapping[str, Any]) -> HandInAnswer:
        """Hands an attachment over, its bytes in base64; `Refused` names why it is not taken."""
        return await self._post("/attachment", HandInAnswer, attachment)

    async def _get(self, path: str, answer: type[Asked], /, **fields: Any) -> Asked:
        given = {name: value for name, value in fields.items() if value is not None}
        return self._read(answer, await self._sent("GET", path, params=given))

    async def _post(self, path: str, kind: type[Asked], question: str | Mapping[str, Any]) -> Asked:
        if isinstance(question, str):
            headers = {"Content-Type": "application/json"}
            return self._read(
                kind, await self._sent("POST", path, content=question, headers=headers)
            )
        return self._read(kind, await self._sent("POST", path, json=dict(question)))

    async def _sent(self, method: str, path: str, **given: Any) -> httpx2.Response:
        if self.url is None:
            raise NoAddress(self.name)
        try:
            return await self.http.request(method, f"{self.url.rstrip('/')}{path}", **given)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            why = f"does not answer at {self.url} ({type(error).__name__})"
            raise Unreachable(self.name, why) from None

    def _read(self, kind: type[Asked], response: httpx2.Response) -> Asked:
        match response.status_code:
            case 200:
                return self._answer(kind, response)
            case 401:
                raise NotAdmitted(self.name, "asks for another credential")
            case 404:
                raise NotThere(self.name, "has no such record")
            case 503:
                raise Unready(self.name, f"cannot answer now: {'; '.join(self._faults(response))}")
        raise Refused(self.name, self._faults(response))

    def _faults(self, response: httpx2.Response) -> list[str]:
        faults = self._answer(Faults, response).faults
        return [": ".join(filter(None, (fault.field, fault.fault))) for fault in faults]

    def _answer(self, kind: type[Asked], response: httpx2.Response) -> Asked:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError:
            why = f"does not answer at {self.url} as a service of this release would"
            raise Unreachable(self.name, why) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted. To read them costs more than the page that asks."""
    return httpx2.create_ssl_context(trust_env=False)


@asynccontextmanager
async def services_at(
    addresses: Mapping[str, str], credential: str, names: Iterable[str] = SERVICES
) -> AsyncIterator[dict[str, ServiceClient]]:
    """A client of each service named. Nothing connects before it is asked."""
    async with httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {credential}"},
        timeout=httpx2.Timeout(ANSWERED_WITHIN_S, connect=CONNECTED_WITHIN_S),
        verify=_trusted(),
        trust_env=False,
        follow_redirects=False,
    ) as http:
        yield {name: ServiceClient(name, addresses.get(name), http) for name in names}


def raw(record: Record) -> RawRecord:
    """The record as it goes over the wire; of too many headers only enough to show that."""
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers[: MAX_HEADERS + 1]),
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
    )


def fits(records: Sequence[Record], further: Record) -> bool:
    """Whether one dry run takes the further record beside the others; a single one it takes."""
    if not records:
        return True
    size = sum(len(record.value or b"") for record in (*records, further))
    return len(records) < MOST_RECORDS and size <= CHUNK_BYTES
