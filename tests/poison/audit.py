"""Was every record decided, answered or buried, and did nobody else come to harm?"""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from desk.local.supervisor import Desk
from shared.events.internal import TimerDue
from shared.events.topics import DEAD_LETTERS, TOPICS
from shared.mongo.client import Client, Database, connect
from shared.runtime import codec
from shared.runtime.aggregates.store import Store
from shared.runtime.clock import clock_source
from shared.runtime.decider import Service
from shared.runtime.faults import FaultyForm, Unreadable
from shared.runtime.stage.ignored import Ignored
from shared.settings import RuntimeSettings
from tests.builders.records import Records
from tests.poison.inputs import MARK, Poison
from tests.poison.publish import Sent
from tests.poison.trial import built, readers

SHOWN = 10
TIMERS = "desk.timers"


class Place(NamedTuple):
    service: str
    topic: str
    partition: int
    offset: int


class Grave(NamedTuple):
    reason: str
    error: str
    body: bytes
    """A digest of what lies in it."""
    source: str = ""


@dataclass(slots=True)
class Public:
    """The public topics as an outsider reads them."""

    opened: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    approved_by: set[str] = field(default_factory=set)
    """The causes of all cancellations that were scheduled."""
    dead: dict[Place, Grave] = field(default_factory=dict)
    quoting: int = 0
    """Dead letters whose own headers hold what should be nobody's business."""


@dataclass(slots=True)
class Tally:
    """Counts the outcomes of one kind's records."""

    inputs: int = 0
    decided: int = 0
    rejected: int = 0
    dead: int = 0


@dataclass(slots=True)
class Findings:
    """The outcomes of all records by kind, and all faults.

    `timers_unknown` counts, by service, the readable timers that no history knows: the service must
    have dropped as many, for a timer that is premature or outdated leaves no other trace.
    """

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    timers_unknown: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, examples: list[str]) -> None:
        if examples:
            more = f" … ({len(examples)} in all)" if len(examples) > SHOWN else ""
            self.wrong.append(f"{what}: {'; '.join(examples[:SHOWN])}{more}")


async def read_public(bootstrap: str) -> Public:
    """Everything that is on the topics by now."""
    public = Public()
    topics = ("desk.inquiries", "desk.contracts", "desk.cancellations", "desk.rejections")
    async for record in _all_records(bootstrap, (*topics, DEAD_LETTERS)):
        found = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        if record.topic == DEAD_LETTERS:
            _bury(public, found, _body(record.key, record.value))
        elif found.get("ce_type") == "inquiry.opened.v1":
            public.opened.add(found.get("ce_causationid", ""))
        elif found.get("ce_type") == "contract.recorded.v1":
            public.recorded.add((record.key or b"").decode(errors="replace"))
        elif found.get("ce_type") == "cancellation.scheduled.v1":
            public.approved_by.add(found.get("ce_causationid", ""))
        elif record.topic == "desk.rejections":
            public.rejected.add(found.get("ce_causationid", ""))
    return public


def _body(key: bytes | None, value: bytes | None) -> bytes:
    return sha256(repr((key, value)).encode()).digest()


def _bury(public: Public, found: Mapping[str, str], body: bytes) -> None:
    own = {name: value for name, value in found.items() if name.startswith("dl_")}
    place = Place(
        own["dl_service"], own["dl_topic"], int(own["dl_partition"]), int(own["dl_offset"])
    )
    source = found.get("ce_source", "")
    public.dead[place] = Grave(own["dl_reason"], own["dl_error"], body, source)
    public.quoting += any(MARK in own[name] for name in ("dl_error", "dl_reason", "dl_service"))


async def _all_records(bootstrap: str, topics: tuple[str, ...]) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in range(TOPICS[topic].partitions)
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def read_histories(mongo_url: str, findings: Findings) -> dict[str, set[str]]:
    """Every message that a service's records know; each record must follow from its history."""
    known: dict[str, set[str]] = {}
    async with _patiently_reading(mongo_url) as services:
        for name, records in services.items():
            known[name] = await _message_ids(records)
            for decider in records.service.deciders:
                faults = (await records.audit(decider)).faults
                findings.add(f"{name} {decider.kind} does not follow from its history", faults)
    return known


@asynccontextmanager
async def _patiently_reading(mongo_url: str) -> AsyncIterator[dict[str, Records]]:
    """Like `records.reading`; but after so much poison the database may take its time."""
    client = connect(mongo_url, timeout_ms=60_000, answer_ms=300_000)
    try:
        yield {service.name: _records_of(service, client, mongo_url) for service in built()}
    finally:
        client.close()


def _records_of(service: Service, client: Client, mongo_url: str) -> Records:
    settings = RuntimeSettings(mongo_url=mongo_url)
    database = Database(client, settings.database_of(service.name))
    return Records(service, settings, database, Store(database, service.deciders))


async def _message_ids(records: Records) -> set[str]:
    found: set[str] = set()
    for decider in records.service.deciders:
        live = records.database.collection(decider.kind)
        async for document in live.find({}, {"history.message_id": 1}):
            found.update(entry["message_id"] for entry in document["history"])
        archive = records.database.collection(f"{decider.kind}_history")
        async for entry in archive.find({}, {"message_id": 1}):
            found.add(entry["message_id"])
    return found


def account(
    sent: Sent,
    public: Public,
    known: Mapping[str, set[str]],
    services: tuple[Service, ...],
    findings: Findings,
) -> None:
    """Hold what was sent against what came of it."""
    expected: set[Place] = set()
    bodies: set[tuple[str, bytes]] = set()
    lost: list[str] = []
    for record in sent.poison:
        graves = set(_graves(record, services))
        wanted = graves.union(_unknown(record, known, services))
        missing = {place for place in wanted if place not in public.dead}
        if not graves and record.topic == TIMERS:
            findings.timers_unknown.update(place.service for place in missing)
            missing = set()
        lost += [f"{record.kind} {record.number} at {' '.join(map(str, p))}" for p in missing]
        expected |= graves
        bodies |= {(place.service, _body(record.key, record.value)) for place in graves}
        _tally(findings.tallies[record.kind], record, graves, public)
    findings.add("poison that is nowhere", lost)
    # A send that was answered too late was made again: then the same record lies in two places.
    expected |= {place for place, grave in public.dead.items() if (place[0], grave.body) in bodies}
    _graves_of_others(sent, public, expected, findings)
    _neighbours(sent, public, known["cancellation"], findings)


def _graves(record: Poison, services: tuple[Service, ...]) -> Iterator[Place]:
    """Where its dead letters must say it lay: one per reader that cannot read it."""
    for service in readers(services, record.topic):
        if _unreadable(record, service):
            yield Place(service.name, record.topic, record.partition, record.offset)


def _unreadable(record: Poison, service: Service) -> bool:
    """Nobody can read it, or it is a timer that this service's clock has not sent.

    What the service passes over it does not read any further.
    """
    try:
        if Ignored(service).passes_over(record):
            return False
        message = codec.read(record).message
    except FaultyForm:
        return TOPICS[record.topic].forms_answered_by is None
    except Unreadable:
        return True
    mine = isinstance(message.data, TimerDue) and message.data.owner == service.name
    return mine and message.source != clock_source(service.name)


def _unknown(
    record: Poison, known: Mapping[str, set[str]], services: tuple[Service, ...]
) -> Iterator[Place]:
    """The readers that should have decided it and have not."""
    try:
        message = codec.read(record).message
    except FaultyForm as fault:
        if TOPICS[record.topic].forms_answered_by is None:
            return
        message = codec.read_faulty_act(record, fault.fields).message
    except Unreadable:
        return
    identity = f"{message.source} {message.id}"
    for service in readers(services, record.topic):
        if service.route(message).decides and identity not in known[service.name]:
            yield Place(service.name, record.topic, record.partition, record.offset)


def _tally(tally: Tally, record: Poison, graves: set[Place], public: Public) -> None:
    tally.inputs += 1
    if graves:
        tally.dead += 1
    elif record.topic == "desk.submissions" and _id_of(record) in public.rejected:
        tally.rejected += 1
    else:
        tally.decided += 1


def _id_of(record: Poison) -> str:
    found = (value or b"" for name, value in record.headers if name == "ce_id")
    return next(found, b"").decode(errors="replace")


def _graves_of_others(sent: Sent, public: Public, expected: set[Place], findings: Findings) -> None:
    by_reason = Counter((grave.reason, grave.error) for grave in public.dead.values())
    defects = [f"{n} x {e}" for (r, e), n in by_reason.most_common() if r in ("defect", "blocked")]
    findings.add("dead letters that are our fault", defects)
    unnamed = {place for place in public.dead.keys() - expected if _undecodable(public.dead[place])}
    if len(unnamed) != sent.undecodable:
        findings.wrong.append(f"{len(unnamed)} undecodable records buried of {sent.undecodable}")
    others = [
        f"{' '.join(map(str, place))} of {public.dead[place].source}: {public.dead[place].error}"
        for place in public.dead.keys() - expected - unnamed
        if public.dead[place].reason not in ("defect", "blocked")
    ]
    findings.add("dead letters of records that can be read", others)
    if public.quoting:
        findings.wrong.append(f"{public.quoting} dead letters quote their record in dl_ headers")


def _undecodable(grave: Grave) -> bool:
    return "header's name is not UTF-8" in grave.error


def _neighbours(sent: Sent, public: Public, files: set[str], findings: Findings) -> None:
    harmed = [
        str(neighbour.opens or neighbour.records or neighbour.bills)
        for neighbour in sent.neighbours
        if (neighbour.opens and neighbour.opens not in public.opened)
        or (neighbour.records and neighbour.records not in public.recorded)
        or (neighbour.bills and neighbour.bills not in files)
    ]
    findings.add("sound neighbours that came to harm", harmed)
    risen = [
        str(record.opens or record.records or record.bills)
        for record in sent.rolled_back
        if record.opens in public.opened
        or record.records in public.recorded
        or record.bills in files
    ]
    findings.add("decided, although its transaction was rolled back", risen)
    findings.add("approved by somebody who may not", sorted(public.approved_by & _forged(sent)))


def _forged(sent: Sent) -> set[str]:
    """The ids of approvals on days that no professional may choose.

    Not those that other records share: a second way of spoiling leaves out or fills many an id.
    """
    forged, others = set[str](), set[str]()
    for record in sent.poison:
        (forged if record.kind == "forged approval" else others).add(_id_of(record))
    return forged - others


async def look_at_services(desk: Desk, pids: Mapping[str, int | None], findings: Findings) -> None:
    """Same processes, nothing personal where only operators look, and every timer accounted for."""
    for name, service in desk.services.items():
        if service.pid != pids[name] or service.restarts:
            findings.wrong.append(f"{name} was started again ({service.restarts} times)")
        log = await asyncio.to_thread(service.log_file.read_text, errors="replace")
        page = await asyncio.to_thread(_page, service.metrics_url)
        leaks = [where for where, text in (("log", log), ("metrics", page)) if MARK in text]
        findings.add(f"{name} shows personal data in", leaks)
        serious = re.findall(r'^.*(?:"level": "critical"|"side effect failed").*$', log, re.M)
        findings.add(f"{name} logged", [line[:300] for line in serious])
        failed = re.findall(r'^desk_work_total\{outcome="failed"\} .*$', page, re.M)
        findings.add(f"{name} failed at side effects", failed)
        unknown, dropped = findings.timers_unknown[name], _timers_dropped(page)
        if unknown > dropped:
            findings.wrong.append(f"{name} dropped {dropped} timers; {unknown} are in no history")


def _timers_dropped(page: str) -> int:
    fates = r'^desk_records_total\{fate="(?:premature|outdated)"\} (\S+)$'
    return sum(int(float(count)) for count in re.findall(fates, page, re.M))


def _page(url: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=10) as answer:
        return str(answer.read().decode())
