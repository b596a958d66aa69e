"""A database from a backup is brought forward from the topics: old ids and numbers, no new mail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from desk.local.stack import Endpoints, Stack
from services.cancellation import service as cancellation
from services.cancellation.policies.terms import DEFAULT_TERMS
from services.cancellation.settings import Settings as CancellationSettings
from services.contract_archive import service as contract_archive
from services.contract_archive.settings import Settings as ArchiveSettings
from services.inquiry_intake import service as inquiry_intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from services.notification import service as notification
from services.notification.settings import Settings as NotificationSettings
from shared.events.topics import CATALOGUE, TOPIC_OF
from shared.kafka.topic_creation import create_missing_topics
from shared.kafka.topic_records import records_on
from shared.mongo.client import Client, Database, connect
from shared.operations.rights import RESTORER
from shared.runtime.aggregates.store import Store
from shared.runtime.app import build_broker
from shared.runtime.background import alive
from shared.runtime.comparison import compare
from shared.runtime.decider import Service
from shared.runtime.older_database import HELD_BACK_SECONDS, RECORDS, objection_to
from shared.runtime.restoration import Restored, Running, restore
from shared.runtime.wiring import Runtime, wire
from shared.settings import RuntimeSettings
from tests.builders import clients
from tests.builders.desk_command import Ran
from tests.builders.desk_command import desk as desk_command
from tests.builders.records import reading
from tests.builders.users import url_of
from tests.integration.runtime.wire import Outsider, event_headers, outsider, running

pytestmark = pytest.mark.long("desks of their own, whose databases are lost")

NUMBER, CUSTOMER = "LIC-2027/0001", "C-1001"
CONTACT = {"name": "Cliente de Prueba", "email": "cliente@example.org"}
Dump = Mapping[str, Mapping[str, list[Any]]]


@dataclass
class Desk:
    """The four services beside their servers, which a test stops, starts and robs of records."""

    endpoints: Endpoints
    client: Client
    outside: Outsider
    parts: list[tuple[Service, RuntimeSettings]]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service, settings in self.parts:
                await stack.enter_async_context(running(service, settings))
            yield

    def database(self, service: Service) -> Database:
        return Database(self.client, f"desk_{service.name}")

    async def dump(self) -> Dump:
        found: dict[str, dict[str, list[Any]]] = {}
        for service, _ in self.parts:
            database = self.client.get_database(f"desk_{service.name}")
            names = await database.list_collection_names()
            found[service.name] = {
                name: await database[name].find({}).to_list(None)
                for name in names
                if not name.startswith("system.")
            }
        return found

    async def put_back(self, dump: Dump) -> None:
        for service, _ in self.parts:
            await self.client.drop_database(f"desk_{service.name}")
            for name, documents in dump.get(service.name, {}).items():
                if documents:
                    database = self.client.get_database(f"desk_{service.name}")
                    await database[name].insert_many(documents)

    async def objection_to(self, part: tuple[Service, RuntimeSettings]) -> str | None:
        service, settings = part
        store = Store(self.database(service), service.deciders)
        return await objection_to(service, settings, store, datetime.now(UTC))

    async def make_topics_again(self) -> None:
        async with clients.admin(self.endpoints.kafka_bootstrap_servers) as admin:
            await admin.delete_topics([topic.name for topic in CATALOGUE])
            async with asyncio.timeout(120):
                while {topic.name for topic in CATALOGUE} & set(await admin.list_topics()):
                    await asyncio.sleep(0.1)
        await create_missing_topics(self.parts[0][1])

    async def differences(self) -> dict[str, list[str]]:
        """Lists by service the differences that `verify` names, for services that have any."""
        later = datetime.now(UTC) + timedelta(minutes=5)
        found: dict[str, list[str]] = {}
        for service, settings in self.parts:
            database = self.database(service)
            store = Store(database, service.deciders)
            compared = await compare(service, settings, database, store, later)
            if compared.differences:
                found[service.name] = compared.differences
        return found

    async def restored(self) -> dict[str, Restored]:
        return {
            service.name: await restore(
                service,
                settings,
                self.database(service),
                Store(self.database(service), service.deciders),
            )
            for service, settings in self.parts
        }

    async def faults(self) -> list[str]:
        async with reading(self.endpoints.mongo_url) as services:
            return [
                fault
                for records in services.values()
                for decider in records.service.deciders
                for fault in (await records.audit(decider)).faults
            ]

    def mails(self) -> list[tuple[str, str]]:
        """Message-ID and subject of every mail that was delivered."""
        assert self.endpoints.mailbox is not None
        mails = [message_from_bytes(f.read_bytes()) for f in self.endpoints.mailbox.glob("*.eml")]
        return [(mail["Message-ID"], mail["Subject"]) for mail in mails]

    async def mailed(self, count: int) -> None:
        async with asyncio.timeout(120):
            while len(self.mails()) < count:
                await asyncio.sleep(0.1)
        await self.read_to_the_end()

    async def read_to_the_end(self) -> None:
        """Until every service has read all that there is for it, twice in a row."""
        async with asyncio.timeout(120):
            quiet = 0
            while quiet < 2:
                await asyncio.sleep(0.5)
                quiet = quiet + 1 if await self._no_lag() else 0

    async def _no_lag(self) -> bool:
        consumer = self.outside.consumers[0]
        for service, settings in self.parts:
            committed = await self.outside.committed(settings.group_of(service.name))
            ends = await consumer.end_offsets(list(committed))
            if any(committed[tp] < end for tp, end in ends.items()):
                return False
        return True

    async def submit(self, ce_type: str, ce_id: str, **fields: Any) -> None:
        body = {
            "customer_id": CUSTOMER,
            "channel": "web",
            "received_at": datetime.now(UTC).isoformat(),
            **fields,
        }
        await self.outside.publish(
            "desk.submissions", CUSTOMER, body, event_headers(ce_type, ce_id, "/channels/web")
        )

    async def command(self, *arguments: str, cwd: Path) -> Ran:
        addresses = {
            "KAFKA_BOOTSTRAP_SERVERS": self.endpoints.kafka_bootstrap_servers,
            "MONGO_URL": url_of(RESTORER, self.endpoints.mongo_url),
            "DEVELOPMENT_DEFAULTS": "true",
        }
        return await desk_command(*arguments, cwd=cwd, env=addresses)

    async def cancel(self, ce_id: str) -> None:
        await self.submit(
            "submission.cancellation.v1",
            ce_id,
            contract_numbers=[NUMBER],
            contact=CONTACT,
            destruction_confirmed=True,
        )

    async def decisions(self) -> list[tuple[int, str]]:
        """Sequence and type of every event that billing sees of the contract, repeats once."""
        seen: dict[str, tuple[int, str]] = {}
        async for record in records_on(self.parts[0][1], ["desk.cancellations"]):
            headers = {name: value.decode() for name, value in record.headers}
            data = json.loads(record.value)
            if "sequence" in data:
                seen[headers["ce_id"]] = data["sequence"], headers["ce_type"]
        return sorted(seen.values())


@asynccontextmanager
async def desk_on(endpoints: Endpoints) -> AsyncIterator[Desk]:
    at: dict[str, Any] = {
        "kafka_bootstrap_servers": endpoints.kafka_bootstrap_servers,
        "mongo_url": endpoints.mongo_url,
        "mongo_read_chunk": 25,
    }
    parts: list[tuple[Service, RuntimeSettings]] = []
    archive = ArchiveSettings(**at)
    parts.append((contract_archive.build(archive), archive))
    cancel = CancellationSettings(**at, contract_grace_seconds=1)
    parts.append((cancellation.build(cancel), cancel))
    intake = IntakeSettings(**at)
    parts.append((inquiry_intake.build(intake), intake))
    mail = NotificationSettings(**at, smtp_url=endpoints.smtp_url)
    parts.append((notification.build(mail), mail))
    client = connect(endpoints.mongo_url)
    async with outsider(endpoints) as outside:
        await outside.watch()
        yield Desk(endpoints, client, outside, parts)
    client.close()


def with_longer_notice(endpoints: Endpoints) -> tuple[Service, RuntimeSettings]:
    """Cancellation under terms that would schedule the request for another day."""
    terms = tuple(terms.model_copy(update={"monthly_notice_days": 60}) for terms in DEFAULT_TERMS)
    settings = CancellationSettings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers,
        mongo_url=endpoints.mongo_url,
        policy_terms=terms,
    )
    return cancellation.build(settings), settings


async def scenario(desk: Desk) -> tuple[Dump, Dump]:
    """A cancellation, the backup, its withdrawal; the backup and what was there in the end."""
    contract = {
        "contract_number": NUMBER,
        "customer_id": CUSTOMER,
        "type": "monthly_licence",
        "title": "t",
        "starts_on": "2026-01-01",
        "auto_renewal": False,
    }
    registry = event_headers("registry.contract_recorded.v1", "c-1", "/registry")
    await desk.outside.publish("registry.contracts", NUMBER, contract, registry)
    await desk.cancel("s-1")
    await desk.mailed(2)
    backup = await desk.dump()
    await desk.submit("submission.cancellation_withdrawal.v1", "s-2", contract_number=NUMBER)
    await desk.mailed(4)
    return backup, await desk.dump()


def ids_of(dump: Dump) -> dict[tuple[str, str, str], list[Any]]:
    """Of every record: its messages and events in their order, with what public ones say.

    A private event may hold the instant of its decision, which no topic tells to the millisecond.
    """
    return {
        (service, kind, document["_id"]): [
            (entry["message_id"], [told_of(event) for event in entry["events"]])
            for entry in document["history"]
        ]
        for service, kinds in dump.items()
        for kind, documents in kinds.items()
        for document in documents
        if "history" in document
    }


def told_of(event: Mapping[str, Any]) -> tuple[str, Any]:
    return event["id"], event["data"] if event["type"] in TOPIC_OF else None


async def test_a_backup_is_brought_forward_under_the_old_ids_and_mails_nobody_twice(
    own_stack: Stack,
) -> None:
    async with desk_on(own_stack.endpoints) as desk:
        async with desk.at_work():
            backup, end = await scenario(desk)
        assert await desk.differences() == {}

        await desk.put_back(backup)
        [withdrawn] = (await desk.differences())["cancellation"]
        assert withdrawn.startswith("desk.cancellations LIC-2027/0001: cancellation.withdrawn.v1 ")
        assert withdrawn.endswith("is in no history; the database is older than the topic")

        restored = await desk.restored()
        assert [(outcome.differing, outcome.lost) for outcome in restored.values()] == [
            ([], [])
        ] * 4
        assert ids_of(await desk.dump()) == ids_of(end)
        assert (await desk.differences(), await desk.faults()) == ({}, [])
        assert [outcome.messages for outcome in (await desk.restored()).values()] == [0] * 4

        async with desk.at_work():
            await desk.cancel("s-3")
            await desk.mailed(6)
        assert await desk.decisions() == [
            (1, "cancellation.scheduled.v1"),
            (2, "cancellation.withdrawn.v1"),
            (3, "cancellation.scheduled.v1"),
        ]
        assert len(desk.mails()) == len(set(desk.mails())) == 6


async def test_an_empty_database_is_rebuilt_and_what_was_published_outweighs_todays_rules(
    own_stack: Stack, tmp_path: Path
) -> None:
    async with desk_on(own_stack.endpoints) as desk:
        async with desk.at_work():
            _, end = await scenario(desk)
            with pytest.raises(Running):
                await desk.restored()
        await desk.put_back({})
        compared = await desk.command("verify", "--topics", cwd=tmp_path)
        assert (compared.code, "is in no history" in compared.out) == (1, True)
        restored = await desk.command("restore", "--service", "contract_archive", cwd=tmp_path)
        assert (restored.code, "lost" in restored.out) == (0, False)

        usual, desk.parts[1] = desk.parts[1], with_longer_notice(desk.endpoints)
        [otherwise] = (await desk.restored())["cancellation"].differing
        assert otherwise.startswith("file LIC-2027/0001: ")
        assert ids_of(await desk.dump()) == ids_of(end)
        assert (await desk.differences(), await desk.faults()) == ({}, [])

        desk.parts[1] = usual
        async with desk.at_work():
            await desk.read_to_the_end()
        assert len(desk.mails()) == 4


@asynccontextmanager
async def held_back(desk: Desk) -> AsyncIterator[list[Runtime]]:
    """The four services started on what `desk` has; entered once each says why it waits."""
    async with AsyncExitStack() as stack:
        runtimes = [wire(service, settings) for service, settings in desk.parts]
        for runtime in runtimes:
            await stack.enter_async_context(alive(runtime))
            broker = build_broker(runtime)
            stack.push_async_callback(broker.stop)
            starting = asyncio.create_task(broker.start())
            stack.callback(starting.cancel)
        async with asyncio.timeout(120):
            while any(RECORDS not in runtime.health.reasons for runtime in runtimes):
                await asyncio.sleep(0.1)
        yield runtimes


async def test_a_service_started_on_an_older_database_waits_until_its_records_are_restored(
    own_stack: Stack,
) -> None:
    async with desk_on(own_stack.endpoints) as desk:
        async with desk.at_work():
            backup, _ = await scenario(desk)
        await desk.put_back(backup)

        async with held_back(desk) as runtimes:
            pages = [json.loads(runtime.health.page()) for runtime in runtimes]
            assert [page["status"] for page in pages] == ["degraded"] * 4
            assert "older than desk.cancellations," in pages[1]["reasons"][RECORDS]
            assert [it.health.metrics.degraded.labels(RECORDS)._value.get() for it in runtimes] == [
                1
            ] * 4
            await desk.cancel("s-3")
            await asyncio.sleep(2 * HELD_BACK_SECONDS)
            assert [sequence for sequence, _ in await desk.decisions()] == [1, 2]

            await desk.restored()
            await desk.mailed(6)
            assert [runtime.health.status for runtime in runtimes] == ["ok"] * 4
        assert await desk.decisions() == [
            (1, "cancellation.scheduled.v1"),
            (2, "cancellation.withdrawn.v1"),
            (3, "cancellation.scheduled.v1"),
        ]
        assert len(desk.mails()) == len(set(desk.mails())) == 6


async def test_topics_that_know_less_than_the_database_hold_nobody_back(own_stack: Stack) -> None:
    async with desk_on(own_stack.endpoints) as desk:
        async with desk.at_work():
            await scenario(desk)
        assert [await desk.objection_to(part) for part in desk.parts] == [None] * 4

        await desk.put_back({})
        assert all([await desk.objection_to(part) for part in desk.parts])

        await desk.make_topics_again()
        assert [await desk.objection_to(part) for part in desk.parts] == [None] * 4
