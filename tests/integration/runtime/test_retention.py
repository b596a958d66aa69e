"""A service does not start where a replayed message could be decided twice."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints, Stack
from shared.events.envelope import Ref
from shared.events.topics import CANCELLATION, INTAKE
from shared.kafka import retention
from shared.kafka.retention import DAY_MS, UnsafeRetention, check_retention
from shared.kafka.topic_creation import create_missing_topics
from shared.mongo.client import Database, connect
from shared.outage import Outage
from shared.runtime.aggregates.archive import expiry_of
from shared.runtime.aggregates.store import Store
from shared.settings import RuntimeSettings
from tests.builders.users import environment_of
from tests.integration.runtime import toy
from tests.integration.runtime.wire import running, set_on_broker, settings_for

ENOUGH = 2 * (365 + 7) + 1
"""Topics and dead letters keep a year, in segments of a week; and a day."""
ENOUGH_FOR_DECISIONS = (3 * 365 + 7) + (365 + 7) + 1
"""The same for a service that reads `desk.cancellations`, which keeps three years."""


@pytest.fixture
async def broker(endpoints: Endpoints) -> Endpoints:
    """The broker with every topic, as the services make them."""
    await create_missing_topics(settings_for(endpoints, "setup"))
    return endpoints


@pytest.fixture
async def own_broker(own_stack: Stack) -> Endpoints:
    """The same, for a test that changes topics."""
    await create_missing_topics(settings_for(own_stack.endpoints, "setup"))
    return own_stack.endpoints


def kept(endpoints: Endpoints, days: int | None) -> RuntimeSettings:
    return settings_for(endpoints, f"kept{uuid4().hex[:8]}", history_kept_days=days)


async def test_ids_kept_too_short_end_the_process_with_the_reason(broker: Endpoints) -> None:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.kafka_bootstrap_servers,
        "MONGO_URL": broker.mongo_url,
        **environment_of(CANCELLATION, broker.mongo_url),
        "HISTORY_KEPT_DAYS": "400",
        "LOG_FORMAT": "json",
        "DEVELOPMENT_DEFAULTS": "true",
    }
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{CANCELLATION}"),
        env=os.environ | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(service.communicate(), 60)

    last: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert service.returncode == 78
    assert last["level"] == "critical"
    assert "desk.cancellation-requests (37 days)" in last["why"]
    assert "desk.contracts (372 days)" in last["why"]
    assert "desk.dead-letters (372 days)" in last["why"]
    assert f"Set HISTORY_KEPT_DAYS to {ENOUGH} or more" in last["why"]


async def test_ids_are_accepted_from_the_day_on_that_covers_every_return(broker: Endpoints) -> None:
    await check_retention(CANCELLATION, kept(broker, ENOUGH))
    with pytest.raises(UnsafeRetention):
        await check_retention(CANCELLATION, kept(broker, ENOUGH - 1))


async def test_what_the_broker_really_keeps_counts(own_broker: Endpoints) -> None:
    await set_on_broker(own_broker, "billing.invoices", {"retention.ms": str(730 * DAY_MS)})

    with pytest.raises(UnsafeRetention) as refused:
        await check_retention(CANCELLATION, kept(own_broker, ENOUGH))

    assert "and a day: billing.invoices (737 days). " in str(refused.value)


async def test_a_compacted_topic_is_kept_for_ever_unless_it_deletes_too(
    own_broker: Endpoints,
) -> None:
    settings = kept(own_broker, ENOUGH_FOR_DECISIONS)
    with pytest.raises(UnsafeRetention, match=r"kept by desk\.customers:"):
        await check_retention(INTAKE, settings)
    bounded = {"cleanup.policy": "compact,delete", "retention.ms": str(30 * DAY_MS)}
    await set_on_broker(own_broker, "desk.customers", bounded)

    async with running(toy.build(), settings) as runtime:
        found = await runtime.store.expiry("seen")
        status = runtime.health.status

    assert (found, status) == (timedelta(days=ENOUGH_FOR_DECISIONS), "ok")


async def test_nothing_is_asked_where_ids_are_kept_for_ever() -> None:
    await check_retention(INTAKE, RuntimeSettings(kafka_bootstrap_servers="127.0.0.1:1"))


async def test_a_broker_that_is_away_is_waited_for() -> None:
    settings = RuntimeSettings(kafka_bootstrap_servers="127.0.0.1:1", history_kept_days=ENOUGH)

    with pytest.raises(Outage):
        await check_retention(INTAKE, settings)


async def test_a_topic_that_is_not_there_yet_is_waited_for(
    broker: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "topics_read_by", lambda _service: ("desk.not-there-yet",))

    with pytest.raises(Outage, match="UnknownTopicOrPartition"):
        await check_retention(INTAKE, kept(broker, ENOUGH))


@pytest.fixture
async def database(endpoints: Endpoints) -> AsyncIterator[Database]:
    client = connect(endpoints.mongo_url)
    yield Database(client, f"archive{uuid4().hex[:8]}")
    client.close()


@pytest.mark.parametrize(
    "configured",
    [(None,), (30,), (30, 30), (30, 400), (400, 30), (30, None), (30, None, 60)],
)
async def test_the_database_forgets_as_last_configured(
    database: Database, configured: tuple[int | None, ...]
) -> None:
    store = Store(database, toy.build().deciders)
    for days in configured:
        await store.prepare(kept=None if days is None else timedelta(days=days))

    last = configured[-1]
    assert await expiry_of(database.collection("seen_history")) == (
        None if last is None else timedelta(days=last)
    )
    assert await expiry_of(database.collection("seen")) is None


async def test_archived_messages_are_found_by_an_index(database: Database) -> None:
    await Store(database, toy.build().deciders).prepare()

    found = await database.collection("seen_history").index_information()

    keys = [list(dict(index["key"])) for index in found.values()]
    assert ["aggregate", "number"] in keys
    assert ["message_id"] in keys
    assert ["aggregate", "events.data.inquiry_id", "number"] in keys


async def test_the_oldest_archived_message_about_an_inquiry_leads_to_its_submission(
    database: Database,
) -> None:
    store = Store(database, toy.build().deciders)
    await store.prepare()
    told = [("S-1", None), ("S-1", "first"), ("S-1", "later"), ("S-2", "another's"), ("S-3", "9")]
    await database.collection("seen_history").insert_many(
        {
            "_id": str(number),
            "aggregate": "else" if inquiry_id == "S-3" else "one",
            "number": number,
            "correlation_id": correlation_id,
            "events": [{"data": {"inquiry_id": inquiry_id}}],
        }
        for number, (inquiry_id, correlation_id) in reversed([*enumerate(told)])
    )

    found = await store.begun_by(Ref("seen", "one"), ["S-1", "S-2", "S-3", "S-4"])

    assert found == {"S-1": "first", "S-2": "another's"}
