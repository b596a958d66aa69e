"""Documents like those that the services write, made without them: templates with ids put in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient

from bench import load
from services.cancellation.service import build as build_cancellation
from services.cancellation.settings import Settings as CancellationSettings
from services.inquiry_intake.service import build as build_intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from shared.events.envelope import Event, Ref, message_uuid
from shared.kafka.records import Headers
from shared.mongo.client import Database, Document, connect
from shared.mongo.encoding import size_of
from shared.runtime import codec
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.public_states import upgrade_of

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Read:
    """A record as a consumer would deliver it."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    partition: int = 0
    offset: int = 0
    timestamp: int = -1
    timestamp_type: int | None = None


def read(topic: str, record: load.Record) -> Read:
    return Read(topic, record.key.encode(), record.value, record.headers)


@dataclass(frozen=True, slots=True)
class Template:
    """One decision: the state and the events that every message gets a copy of."""

    state: Document
    events: Sequence[tuple[str, Document]]
    """Type and data."""

    def entry(self, record: Any, message_id: str, marks: Document, at: datetime) -> Document:
        """Builds the history's entry of one message. `marks` are the fields particular to it."""
        return {
            "message_id": f"{load.CHANNEL} {message_id}",
            "digest": message_id[:32],
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "at": at,
            "causation_id": message_id,
            "correlation_id": message_id,
            "events": [
                {"id": f"{message_id[:-2]}{index:02d}", "type": ce_type, "data": data | marks}
                for index, (ce_type, data) in enumerate(self.events)
            ],
        }


def template(service: Service, records: Sequence[Read]) -> Template:
    """Returns the first Decider's events for the last of these records, after the others."""
    decider = service.deciders[0]
    state: Any = None
    events: Sequence[Event] = ()
    for record in records:
        message = codec.read(record).message
        nobody = defaultdict[Ref, Any](lambda: None)
        [own] = (ref for ref in service.route(message).decides if ref.kind == decider.kind)
        told = replace(message, aggregate=own, replicas=nobody)
        events = decider.decide(told, state, datetime.now(UTC))
        for event in events:
            state = decider.evolve(state, event)
    data = [(decided.ce_type, codec.dump(decided)) for decided in events]
    return Template(state.model_dump(mode="json"), data)


def intake_service() -> Service:
    return build_intake(IntakeSettings())


def cancellation_service() -> Service:
    return build_cancellation(CancellationSettings())


def opened() -> Template:
    """A submission that became an inquiry."""
    sample = read(load.SUBMISSIONS, load.submission(0, "sample"))
    return template(intake_service(), [sample])


def known() -> Template:
    """A contract that the registry reported, and no more."""
    sample = read("desk.contracts", load.recorded(0, "sample"))
    return template(cancellation_service(), [sample])


def scheduled() -> Template:
    """A request for a known contract that is decided at once."""
    first = read("desk.contracts", load.recorded(0, "sample"))
    second = read(load.REQUESTS, load.requested(0, "sample"))
    return template(cancellation_service(), [first, second])


def files(numbers: Iterable[int], run: str) -> Iterator[Document]:
    """Stored cancellation files of known contracts, each with one message in its history."""
    made, at = known(), datetime.now(UTC)
    record = read("desk.contracts", load.recorded(0, "sample"))
    for number in numbers:
        own = load.contract_number(number, run)
        marks: Document = {"contract_number": own}
        contract = made.state["contract"] | {"customer_id": f"C-{run}-{number}"}
        state = made.state | marks | {"contract": contract}
        entry = made.entry(record, load.submission_id(number, f"{run} 0"), marks, at)
        yield _document(own, state, entry)


def inquiries(numbers: Iterable[int], run: str) -> Iterator[Document]:
    """Stored inquiries as their submissions opened them, each with one message in its history."""
    made, at = opened(), datetime.now(UTC)
    record = read(load.SUBMISSIONS, load.submission(0, "sample"))
    for number in numbers:
        message_id = load.submission_id(number, run)
        own = str(message_uuid(load.CHANNEL, message_id))
        marks: Document = {"inquiry_id": own, "customer_id": f"C-{run}-{number}"}
        entry = made.entry(record, message_id, marks, at)
        yield _document(own, made.state | marks, entry)


def _document(own: str, state: Document, entry: Document) -> Document:
    size = size_of(entry)
    return {"_id": own, "version": 1, "state": state, "history_bytes": size, "history": [entry]}


async def prepare(url: str, database: str, service: Service) -> None:
    """The service's indexes, before anything is stored; every state counts as published.

    Otherwise a service publishes them beside what is measured, as at the first start of a release.
    """
    client = connect(url)
    store = Store(Database(client, database), service.deciders)
    await store.prepare()
    for kind in (it.kind for it in service.deciders if it.public_state is not None):
        await store.note_upgrade(upgrade_of(kind), {"done": True})
    client.close()


def fill(url: str, database: str, collection: str, documents: Iterable[Document]) -> int:
    """Store documents, many at once, and return their number."""
    client: MongoClient[Document] = MongoClient(url)
    count, some = 0, list[Document]()
    with client:
        target = client[database][collection]
        for document in documents:
            some.append(document)
            if len(some) == AT_ONCE:
                target.insert_many(some, ordered=False)
                count, some = count + len(some), []
        if some:
            target.insert_many(some, ordered=False)
    return count + len(some)


def forget(url: str, prefix: str) -> None:
    """Drop the databases of one run."""
    client: MongoClient[Document] = MongoClient(url)
    with client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)
