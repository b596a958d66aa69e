"""The console's index on a real broker and database, and records as pages read them there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from limits.aio.storage import MemoryStorage

from desk.local.stack import Endpoints
from services.operations_console.projections import FOLDS, indexes
from services.operations_console.records import Tail
from services.operations_console.service import Process, utc_now, wire
from services.operations_console.settings import Settings
from shared.events.envelope import message_uuid
from shared.events.operations import DeadLetterReplayed
from shared.events.topics import CONSOLE, DEAD_LETTERS
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.group_consumer import lag_of
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import RecordPosition
from shared.kafka.topic_creation import create_missing_topics
from shared.kafka.topic_records import Window
from shared.operations import letter_acts
from shared.operations.audit_trail import (
    OPERATIONS,
    SOURCE,
    Author,
    common,
    envelope_of,
    read_audit_trail,
)
from shared.operations.case_index import NAME, CaseIndex, place_name
from shared.operations.case_search import Sought
from shared.operations.case_timeline import Freshened
from shared.operations.dead_letters.letter import Letter, LetterId, Original
from shared.operations.dead_letters.listing import as_they_stand
from shared.operations.dead_letters.topic import briefs
from shared.operations.kept_cases import NoIndex, find_kept
from shared.operations.letter_acts import NAME as LETTER_ACTS
from shared.operations.tail import Wanted
from shared.operations.timeline import Step
from shared.outage import Outage
from shared.runtime.projections.projector import Projections, Projector
from shared.settings import RuntimeSettings
from tests.builders.dead_letters import dead_letter
from tests.builders.records_read import records_read

WITHIN_S = 60.0
WEB = "/channels/web"


def sent(topic: str, ce_type: str, ce_id: str, **data: object) -> Original:
    headers = {"ce_type": ce_type, "ce_id": ce_id, "ce_source": WEB, "ce_specversion": "1.0"}
    if ce_id.startswith("e-"):
        headers["ce_correlationid"] = ce_id.replace("e-", "s-", 1)
    encoded = tuple((name, it.encode()) for name, it in headers.items())
    return Original(topic, 0, 0, ce_id.encode(), json.dumps(data).encode(), encoded)


def tombstone(customer: str) -> Original:
    return Original("desk.customers", 0, 0, customer.encode(), None, ())


@dataclass
class Console:
    process: Process
    publisher: KafkaPublisher
    projecting: asyncio.Task[None]

    async def stop(self) -> None:
        """The projector ends; its index stays."""
        self.process.stopping.set()
        await self.projecting

    async def steps(self, named: str) -> list[Step]:
        found, complete = await self.index.find(Sought(frozenset({named})))
        assert complete
        return found

    @property
    def index(self) -> CaseIndex:
        return CaseIndex(lambda: self.process.generations.serving(NAME))

    async def until(self, found: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not await found():
                await asyncio.sleep(0.05)


@pytest.fixture
async def console(endpoints: Endpoints) -> AsyncIterator[Console]:
    name = f"console{uuid4().hex[:8]}"
    settings = Settings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers,
        mongo_url=endpoints.mongo_url,
        kafka_group_prefix=name,
        mongo_database_prefix=name,
        mongo_journal=False,
    )
    await create_missing_topics(settings)
    process = wire(settings, storage=MemoryStorage())
    publisher = KafkaPublisher(settings, ClockSkew(utc_now))
    await publisher.start()
    await process.generations.begin()
    running = asyncio.create_task(projections_of(process).run())
    yield Console(process, publisher, running)
    process.stopping.set()
    await running
    await publisher.stop()
    process.client.close()


def projections_of(process: Process) -> Projections:
    return Projections(
        process.settings,
        process.views,
        process.generations,
        (),
        folds=FOLDS,
        group=process.settings.group_of(CONSOLE),
        health=process.health,
        stopping=process.stopping,
        indexes=indexes(process.settings),
    )


async def test_what_comes_to_the_topics_is_found_by_its_ids_once_and_forgotten_with_its_customer(
    console: Console,
) -> None:
    tag = uuid4().hex[:8]
    submission, customer = f"s-{tag}", f"C-{tag}"
    inquiry = str(message_uuid(WEB, submission))
    about = {"customer_id": customer, "inquiry_id": inquiry}
    opened = sent("desk.inquiries", "inquiry.opened.v1", f"e-{tag}", **about)
    resolved = sent("desk.inquiries", "inquiry.resolved.v1", f"r-{tag}", inquiry_id=inquiry)
    asked = sent("desk.submissions", "submission.inquiry.v1", submission, customer_id=customer)
    await console.publisher.publish([asked, opened, opened, resolved])

    async def is_found() -> bool:
        return len(await console.steps(submission)) == 4

    await console.until(is_found)
    for named in (inquiry, customer, f"e-{tag}"):
        assert len(await console.steps(named)) == 4
    [place, *_] = [it.place for it in await console.steps(submission) if it.place]
    await again(console, place)
    assert len(await console.steps(submission)) == 4

    await console.publisher.publish([tombstone(customer)])

    async def is_forgotten() -> bool:
        return not await console.steps(inquiry)

    await console.until(is_forgotten)
    await again(console, place)
    assert await console.steps(customer) == []


async def test_what_the_index_does_not_have_yet_is_told_by_the_topics(console: Console) -> None:
    tag, settings = uuid4().hex[:8], console.process.settings
    submission = f"s-{tag}"
    inquiry = str(message_uuid(WEB, submission))
    asked = sent("desk.submissions", "submission.inquiry.v1", submission, customer_id=f"C-{tag}")
    opened = sent("desk.inquiries", "inquiry.opened.v1", f"e-{tag}", inquiry_id=inquiry)
    resolved = sent("desk.inquiries", "inquiry.resolved.v1", f"r-{tag}", inquiry_id=inquiry)
    await console.publisher.publish([asked, opened])

    async def is_found() -> bool:
        return len(await console.steps(submission)) == 2

    async def kept() -> Freshened:
        url = settings.mongo_url
        return await find_kept(submission, settings, url, {}, within_s=WITHIN_S)

    async def is_committed() -> bool:
        return (await kept()).behind == 0

    await console.until(is_found)
    await console.until(is_committed)
    await console.stop()
    await console.publisher.publish([resolved])

    found = await kept()

    assert len(await console.steps(submission)) == 2
    assert {it.step.id for it in found.timeline.steps} == {submission, f"e-{tag}", f"r-{tag}"}
    assert (found.behind, found.timeline.complete) == (1, True)

    broken = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    without = await find_kept(submission, broken, settings.mongo_url, {}, within_s=WITHIN_S)
    assert (len(without.timeline.steps), without.timeline.complete) == (2, False)
    assert isinstance(without.behind, Outage)


async def test_a_database_without_an_index_says_so(endpoints: Endpoints) -> None:
    settings = RuntimeSettings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers,
        mongo_database_prefix=f"none{uuid4().hex[:8]}",
    )

    with pytest.raises(NoIndex):
        await find_kept("s-1", settings, endpoints.mongo_url, {}, within_s=1.0)


async def again(console: Console, place: RecordPosition) -> None:
    """The record is folded once more, as after a crash."""
    process = console.process
    serving = process.generations.state.serving
    projector = Projector(process.settings, process.views, (), serving, indexes(process.settings))
    found = await process.console.records.at(place)
    assert found is not None
    record = sent(place.topic, found.type, found.id, **found.data)
    placed = Original(
        *place, record.key, record.value, record.headers, int(found.at.timestamp() * 1000)
    )
    await projector.keep([placed])


async def test_records_of_a_topic_are_read_newest_first_from_a_time_by_id_and_one_by_one(
    console: Console,
) -> None:
    records, ids = console.process.console.records, [f"o-{uuid4().hex[:8]}" for _ in range(3)]
    topic, before = "orders.orders", utc_now() - timedelta(seconds=5)
    for ce_id in ids:
        placed = sent(topic, "order.cancelled.v1", ce_id, order_number=ids[0])
        await console.publisher.publish([placed])

    mine = Wanted(ids=frozenset({ids[0]}))
    newest = await records.newest(topic, mine)
    since = await records.since(topic, mine, Window(since=before))

    assert {it.id for it in newest.records} == {*ids}
    assert [it.at for it in newest.records] == sorted(
        (it.at for it in newest.records), reverse=True
    )
    assert {it.id for it in since.records} == {*ids}
    assert newest.complete
    assert not since.more
    place = newest.records[0].place
    assert (await records.at(place)) == newest.records[0]
    assert await records.at(place._replace(offset=place.offset + 10**6)) is None
    assert place_name(place) == f"{topic}/{place.partition}/{place.offset}"


async def test_a_tail_shows_what_comes_while_somebody_looks(console: Console) -> None:
    ce_id, topic = f"o-{uuid4().hex[:8]}", "orders.orders"
    tail = Tail(console.process.console.records, topic, Wanted(ids=frozenset({ce_id})))

    with tail.of() as came:
        for _ in range(2):
            came.clear()
            record = sent(topic, "order.cancelled.v1", ce_id, order_number=ce_id)
            await console.publisher.publish([record])
            async with asyncio.timeout(WITHIN_S):
                await came.wait()

    assert {it.id for it in tail.shown} == {ce_id}
    assert len(tail.shown) == 2


def acts_on(letter: Letter, times: int = 1) -> list[DeadLetterReplayed]:
    said = {"attempt": 1, "sent_partition": 0}
    return [
        DeadLetterReplayed.model_validate(
            common(letter, Author("operator")) | said | {"sent_offset": 10**9 + number}
        )
        for number in range(times)
    ]


async def died(console: Console, *messages: str) -> list[Letter]:
    written = [dead_letter(LetterId(0, 0), message=it, service="nobody") for it in messages]
    await console.publisher.publish(
        [Original(DEAD_LETTERS, 0, 0, it.key, it.value, it.headers) for it in written]
    )
    there = await briefs(console.process.settings)
    return [it for it in there if it.message_id in {f"/test {name}" for name in messages}]


@pytest.mark.parametrize(
    ("keys_at_once", "few"), [(100, 1_000), (1, 1_000), (1, 0)], ids=["one query", "all", "several"]
)
async def test_a_look_at_letters_reads_their_acts_and_not_the_whole_trail(
    console: Console, monkeypatch: pytest.MonkeyPatch, keys_at_once: int, few: int
) -> None:
    """Forty acts on others lie on the topic: 41 records before, none now."""
    monkeypatch.setattr(letter_acts, "KEYS_AT_ONCE", keys_at_once)
    monkeypatch.setattr(letter_acts, "FEW", few)
    tag = uuid4().hex[:8]
    other, left, mine = await died(console, f"{tag}-other", f"{tag}-left", f"{tag}-mine")
    acts = [*acts_on(other, 40), *acts_on(mine)]
    written = [envelope_of(it, SOURCE, it.sent_offset) for it in acts]
    await console.publisher.publish(written)
    entries = console.process.generations.serving(LETTER_ACTS)
    group = console.process.generations.state.serving.group(
        console.process.settings.group_of(CONSOLE)
    )

    async def are_kept() -> bool:
        """And committed: what is not is read from the topic once more."""
        there = {"ids": {"$in": [f"letter {mine.id}", f"letter {other.id}"]}}
        return await entries.count_documents(there) == 41 and (
            await lag_of(console.process.settings, group, [OPERATIONS]) == 0
        )

    await console.until(are_kept)
    with records_read() as read:
        found = await console.process.console.dead_letters.as_they_stand([mine.id, left.id])
    with records_read() as before:
        whole = await read_audit_trail(console.process.settings)
    same = await as_they_stand(console.process.settings, [left, mine], whole)

    assert [it.id for it in found.open] == [it.id for it in same.open] == [left.id]
    assert found.trail.on(mine.id) == same.trail.on(mine.id) == acts[-1:]
    assert (read[OPERATIONS], before[OPERATIONS] >= 41) == (0, True)


async def test_an_act_that_the_index_does_not_have_yet_is_read_from_the_topic(
    console: Console,
) -> None:
    [letter] = await died(console, uuid4().hex)
    await console.stop()
    await console.publisher.publish([envelope_of(it, SOURCE, 1) for it in acts_on(letter)])

    found = await console.process.console.dead_letters.as_they_stand([letter.id])

    assert found.open == []
