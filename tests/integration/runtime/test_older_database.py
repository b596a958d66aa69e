"""A service refuses a database older than its topics, unless an operator has accepted it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from desk.local.stack import Endpoints
from shared.events.documents import DocumentReceived
from shared.mongo.client import Database, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.older_database import objection_to
from shared.runtime.publications import last_published
from shared.settings import RuntimeSettings
from tests.builders.clients import settings_at
from tests.builders.users import as_service
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    outsider,
    running,
    settings_for,
)

ARCHIVE = "contract_archive"


async def why_not(settings: RuntimeSettings) -> str | None:
    """Returns the toy's objection to its database, without the setting that lets it start."""
    service = toy.build()
    own = await as_service(service.name, settings)
    client = connect(own.mongo_url)
    try:
        store = Store(Database(client, own.database_of(service.name)), service.deciders)
        return await objection_to(service, own, store, datetime.now(UTC))
    finally:
        client.close()


def names_rejections(why: str | None) -> bool:
    """Other tests may have left records of the service on other topics of this broker, too."""
    return why is not None and "older than" in why and "desk.rejections" in why


async def test_a_database_that_was_accepted_as_it_is_is_accepted_for_good_and_no_other(
    endpoints: Endpoints,
) -> None:
    name = f"accepted{uuid4().hex[:8]}"
    first, second, third = (settings_for(endpoints, f"{name}{number}") for number in range(3))
    async with outsider(endpoints) as client:
        answers = await client.watch("desk.rejections")

        async def decide(settings: RuntimeSettings, customer: str) -> None:
            await client.skip_backlog("inquiry_intake", settings)
            async with running(toy.build(), settings):
                headers = event_headers("submission.inquiry.v1", customer)
                body = {"customer_id": customer}
                await client.publish("desk.submissions", customer, body, headers)
                await collect(answers, 1, customer, within=60)

        await decide(first, f"{name}-a")
        assert names_rejections(await why_not(second))

        async with running(toy.build(), second):
            pass
        assert await why_not(second) is None

        await decide(first, f"{name}-b")
        assert names_rejections(await why_not(second))
        assert names_rejections(await why_not(third))


async def test_who_may_write_where_a_service_writes_cannot_keep_it_from_starting(
    endpoints: Endpoints,
) -> None:
    """Channels write `desk.documents`, as the archive does, and may name any source."""
    settings = settings_at(endpoints.kafka_bootstrap_servers)
    forged = f"forged-{uuid4()}"
    headers: list[tuple[str, bytes | None]] = [
        *event_headers(DocumentReceived.ce_type, forged, f"/services/{ARCHIVE}"),
        ("ce_subject", b"K-forged"),
        ("ce_time", b"2026-11-27T12:00:00Z"),
    ]
    async with outsider(endpoints) as client:
        await client.publish("desk.documents", forged, {"document_id": forged}, headers)
        found = await last_published(ARCHIVE, settings)
    assert forged not in {event.id for event in found}
