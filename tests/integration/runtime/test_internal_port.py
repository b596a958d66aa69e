"""The internal port of real services: what is answered, and that asking changes nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from desk.local.stack import Endpoints
from desk.local.supervisor import Desk
from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.events.envelope import Ref, message_uuid
from shared.events.reference import reference_of
from shared.events.topics import CANCELLATION, INTAKE, SERVICES
from shared.mongo.client import Database, Document, connect
from shared.operations.service_client import (
    NotAdmitted,
    Refused,
    ServiceClient,
    Unreachable,
    services_at,
)
from shared.runtime.aggregates.parking import NAMED, digest_of
from shared.runtime.aggregates.store import Store
from shared.runtime.operations.port import Port, application
from tests.builders.desk_command import contract, desk
from tests.builders.internal_port import health_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Raw:
    """A record as a consumer delivers it."""

    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    topic: str = "desk.submissions"
    partition: int = 0
    offset: int = 0
    key: bytes = b"C-int-1"
    timestamp: int = -1
    timestamp_type: int | None = None


def cancellation_of(number: str, ce_id: str) -> Raw:
    """A submission that asks for it, without the confirmation that copies were destroyed."""
    body = {
        "customer_id": "C-int-1",
        "channel": "web",
        "received_at": "2026-01-01T10:00:00Z",
        "contract_numbers": [number],
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
    }
    headers = {
        "ce_specversion": "1.0",
        "ce_id": ce_id,
        "ce_source": "/channels/web",
        "ce_type": "submission.cancellation.v1",
    }
    pairs = tuple((name, value.encode()) for name, value in headers.items())
    return Raw(json.dumps(body).encode(), pairs)


@pytest_asyncio.fixture(loop_scope="session")
async def services(running_desk: Desk) -> AsyncIterator[dict[str, ServiceClient]]:
    ends = running_desk.endpoints
    assert ends.internal_credential is not None
    async with services_at(ends.internal, ends.internal_credential) as found:
        yield found


async def asked_for(running_desk: Desk, number: str, submission: str) -> None:
    """The contract is known, and a request for it waits for the confirmation."""
    here = running_desk.directory.parent
    published = await desk("publish", "-", cwd=here, stdin=json.dumps(contract(number, "C-int-1")))
    assert published.code == 0, published.err
    ran = await desk(
        *("submit", "cancellation", "--customer", "C-int-1", "--contract", number),
        *("--id", submission, "--wait", "20"),
        cwd=here,
    )
    assert ran.code == 0, ran.err


async def test_every_service_answers_what_is_parked_due_and_large(
    services: dict[str, ServiceClient],
) -> None:
    assert set(services) == set(SERVICES)
    for service in services.values():
        assert isinstance(await service.parked(), list)
        assert (await service.due(limit=5)).service == service.name
        assert (await service.sizes()).service == service.name


async def test_a_records_history_is_told_by_its_owner_and_so_is_what_falls_due(
    running_desk: Desk, services: dict[str, ServiceClient]
) -> None:
    submission = f"int-{uuid4()}"
    await asked_for(running_desk, "INT-1", submission)
    opened = message_uuid("/channels/web", submission)
    inquiry_id = str(opened)

    file = await services[CANCELLATION].history("file", "INT-1")
    by_reference = await services[INTAKE].history("inquiry", alias=reference_of(opened))
    by_id = await services[INTAKE].history("inquiry", inquiry_id)

    assert file is not None
    types = [event.type for entry in file.entries for event in entry.events]
    assert "cancellation.evidence_awaited.v1" in types
    assert file.entries_in_all == len(file.entries)
    assert file.due_at is not None
    due = await all_due(services[CANCELLATION])
    assert ("file", "INT-1", "timer", file.due_at) in due
    assert [at for *_, at in due] == sorted(at for *_, at in due)
    assert by_id is not None
    assert by_id == by_reference
    assert (by_id.state or {})["customer_id"] == "C-int-1"
    assert await services[CANCELLATION].history("file", "INT-none") is None
    assert await services[INTAKE].history("inquiry", alias="INQ-none") is None


async def all_due(service: ServiceClient) -> list[tuple[str, str, str, datetime]]:
    found: list[tuple[str, str, str, datetime]] = []
    after: str | None = None
    while True:
        page = await service.due(limit=2, after=after)
        assert len(page.items) <= 2
        found += [(row.kind, row.id, row.what, row.at) for row in page.items]
        if page.next is None:
            return found
        after = page.next


async def test_a_dry_run_decides_as_the_service_would_and_changes_nothing(
    running_desk: Desk, services: dict[str, ServiceClient]
) -> None:
    submission = f"int-{uuid4()}"
    record = cancellation_of("INT-2", submission)
    inquiry_id = str(message_uuid("/channels/web", submission))
    faulty = replace(record, value=b"{", headers=(*record.headers[:1], *record.headers[2:]))

    run = await services[INTAKE].dry_run([record, record, faulty])
    stopped = await services[INTAKE].dry_run([faulty, record], until_fault=True)
    nothing_there = await services[INTAKE].history("inquiry", inquiry_id)
    await asked_for(running_desk, "INT-2", submission)

    first, again, wrong = run
    decided = await services[INTAKE].history("inquiry", inquiry_id)
    assert decided is not None
    assert [event.type for event in first.events] == [it.type for it in decided.entries[0].events]
    assert {event.id for event in first.events} == {inquiry_id}
    assert (first.fault, again.events, again.fault) == (None, (), None)
    assert (wrong.events, len(stopped)) == ((), 1)
    assert "unreadable" in (wrong.fault or "")
    assert nothing_there is None


async def test_a_check_names_the_faults_for_which_intake_would_reject(
    services: dict[str, ServiceClient],
) -> None:
    record = cancellation_of("INT-3", "int-3")
    wrong = replace(record, value=record.value.replace(b"cliente@example.test", b"oculto"))
    inquiry_id = str(message_uuid("/channels/web", "int-3"))

    assert await services[INTAKE].check(record, [Ref("inquiry", inquiry_id)]) == ()
    assert [it.split(":")[0] for it in await services[INTAKE].check(wrong)] == ["contact.email"]
    assert await services[INTAKE].check(record, [Ref("inquiry", "another")]) == (
        "it would no longer be decided in inquiry another, which waits for it",
    )
    assert await services[CANCELLATION].check(record) == ()


async def test_a_preview_names_the_policies_in_force_and_a_service_without_one_has_none(
    services: dict[str, ServiceClient],
) -> None:
    told = await services[CANCELLATION].preview({"contract_number": "INT-unknown"})

    assert (told.known, [event.ce_type for event in told.events]) == (
        False,
        ["cancellation.referred.v1"],
    )
    assert {terms.data["version"] for terms in told.in_force} == {"2024-1"}
    with pytest.raises(Refused, match="contract_number"):
        await services[CANCELLATION].preview({"contract": "INT-1", "signed": "oculto"})
    with pytest.raises(Exception, match="no such record"):
        await services[INTAKE].preview({"contract_number": "INT-1"})


async def test_a_stranger_is_told_nothing_and_a_service_that_is_down_says_so_at_once(
    running_desk: Desk,
) -> None:
    addresses = {**running_desk.endpoints.internal, INTAKE: "http://127.0.0.1:1"}
    async with services_at(addresses, "another-credential") as services:
        with pytest.raises(NotAdmitted):
            await services[CANCELLATION].history("file", "INT-1")
        with pytest.raises(Unreachable, match="inquiry_intake does not answer at http"):
            await services[INTAKE].parked()
    async with services_at({INTAKE: running_desk.services[INTAKE].health_url}, "x") as services:
        with pytest.raises(Exception, match="inquiry_intake"):
            await services[INTAKE].parked()


@pytest_asyncio.fixture(loop_scope="session")
async def stored(endpoints: Endpoints) -> AsyncIterator[tuple[Database, ServiceClient]]:
    """A database of its own, and a port on it that no network is between."""
    client = connect(endpoints.mongo_url)
    database = Database(client, f"desk_internal{uuid4().hex[:8]}", journal=False)
    settings = Settings(mongo_url=endpoints.mongo_url)
    service = build(settings)
    store = Store(database, service.deciders)
    app = application(Port(service, settings, database, store, lambda: AT, health_of(service)))
    credential = settings.internal_credential.get_secret_value()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), headers={"Authorization": f"Bearer {credential}"}
    ) as http:
        yield database, ServiceClient(service.name, "http://cancellation", http)
    client.close()


def parked(number: int, minutes: int, waiting: int = 1, behind: int = 0) -> Document:
    line: dict[str, Any] = {
        "at": AT + timedelta(minutes=minutes),
        "error": "ZeroDivisionError in decide:1",
        "waiting": [f"/test {number}-{place}" for place in range(waiting)],
    }
    if behind:
        line["behind"] = b"".join(digest_of(f"/test behind-{place}") for place in range(behind))
    return {"_id": f"K-{number:03}", "version": 1, "state": None, "history": [], "parked": line}


async def test_parked_records_are_paged_longest_first_whatever_is_equal_or_long(
    stored: tuple[Database, ServiceClient],
) -> None:
    database, service = stored
    documents = [parked(number, minutes=-(number // 3)) for number in range(10)]
    for number in (6, 7, 8):
        documents[number] = parked(number, minutes=-2, waiting=NAMED, behind=250_000)
    await database.collection("file").insert_many(documents)

    found = await service.parked()
    headers = dict(service.http.headers)
    pages: list[list[str]] = []
    after = ""
    while after is not None:
        fields = {"limit": "2"} | ({"after": after} if after else {})
        answer = await service.http.get(f"{service.url}/parked", params=fields, headers=headers)
        pages.append([row["id"] for row in answer.json()["items"]])
        after = answer.json()["next"]

    assert [parked.since for parked in found] == sorted(parked.since for parked in found)
    assert {parked.id for parked in found} == {document["_id"] for document in documents}
    assert len(found) == len(documents)
    assert [record_id for page in pages for record_id in page] == [parked.id for parked in found]
    assert max(map(len, pages)) == 2
    long = {"K-006", "K-007", "K-008"}
    assert max(len(long.intersection(page)) for page in pages) == 1
    assert await service.waits(Ref("file", "K-006"), "/test behind-249999")
    assert await service.waits(Ref("file", "K-006"), "/test 6-999")
    assert not await service.waits(Ref("file", "K-006"), "/test another")
    assert not await service.waits(Ref("file", "K-none"), "/test another")
    assert await service.parked_one(Ref("file", "K-none")) is None


def decided(number: int) -> Document:
    return {
        "message_id": f"/test {number}",
        "digest": "0" * 32,
        "topic": "desk.contracts",
        "partition": 0,
        "offset": number,
        "at": AT,
        "events": [{"id": str(number), "type": "file.noted", "data": {"text": "x" * 900_000}}],
    }


async def test_a_history_is_told_whole_from_the_archive_on_in_pages_of_bounded_size(
    stored: tuple[Database, ServiceClient],
) -> None:
    database, service = stored
    own = [decided(number) for number in range(8, 10)]
    document = {"_id": "K-1", "version": 10, "state": None, "archived": 8, "history": own}
    await database.collection("file").insert_one(document)
    await database.collection("file_history").insert_many(
        [{"_id": f"K-1 {n}", "aggregate": "K-1", "number": n, **decided(n)} for n in range(2, 9)]
    )

    first = await service.http.get(f"{service.url}/history", params={"kind": "file", "id": "K-1"})
    whole = await service.history("file", "K-1")

    assert len(first.content) < 5_000_000
    assert first.json()["next"] is not None
    assert whole is not None
    assert whole.entries_in_all == 10
    assert [entry.number for entry in whole.entries] == list(range(2, 10)), "0 and 1 have expired"
    assert [entry.message_id for entry in whole.entries] == [f"/test {n}" for n in range(2, 10)]
