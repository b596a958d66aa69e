"""A stage on the real database, between fakes of everything else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.internal import TimerDue
from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPIC_OF
from shared.events.values import Bilingual, FieldError
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.records import RecordPosition
from shared.mongo.client import Database, Document, connect
from shared.runtime import codec
from shared.runtime.aggregates.store import Store
from shared.runtime.clock import Clock
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import IGNORED, Decider, Route, Service
from shared.runtime.stage.stage import Stage
from shared.telemetry.metrics import Metrics

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DUE = timedelta(hours=1)


class Kept(BaseModel):
    """Whatever it was told, and when it wants to be woken."""

    model_config = ConfigDict(frozen=True)

    messages: int = 0
    woken: int = 0
    keeps: str = ""
    due_at: datetime | None = None


@dataclass
class Business:
    """The behaviour of a test's Decider; emptying `stumbles_over` mends its defect."""

    stumbles_over: set[str] = field(default_factory=set)
    says: int = 0
    """Characters of each event."""

    def decide(self, message: Message, _state: Kept | None, _now: datetime) -> list[Event]:
        text = message.data.fields["text"] if isinstance(message.data, Unchecked) else "timer"
        if text in self.stumbles_over:
            raise ZeroDivisionError
        error = FieldError(field="text", code=text, message=Bilingual(es="", en="x" * self.says))
        return [SubmissionRejected(submission_id=message.id, customer_id="C", errors=(error,))]

    def evolve(self, state: Kept | None, event: Event) -> Kept:
        before = state or Kept(due_at=NOW + DUE)
        assert isinstance(event, SubmissionRejected)
        match event.errors[0].code:
            case "timer":
                return before.model_copy(update={"woken": before.woken + 1, "due_at": None})
            case "keep":
                return before.model_copy(update={"keeps": before.keeps + "k" * 200_000})
        return before.model_copy(update={"messages": before.messages + 1})

    def service(self) -> Service:
        decider = Decider("kept", Kept, self.decide, self.evolve, due_at=lambda state: state.due_at)
        return Service("cancellation", (decider,), _route)


def _route(message: Message) -> Route:
    match message.data:
        case Unchecked() as received:
            return Route((Ref("kept", str(received.fields["customer_id"])),))
    return IGNORED


@dataclass(frozen=True)
class Sent:
    """A record as the stage gets it."""

    topic: str
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    key: bytes = b""
    partition: int = 0
    timestamp: int = int(NOW.timestamp() * 1000)
    timestamp_type: int = 0


@dataclass
class Desk:
    """One service's stage. Plays everything else: what is published and committed, the time."""

    service: Service
    database: Database
    store: Store
    metrics: Metrics = field(default_factory=Metrics)
    outgoing: list[Envelope | DeadLetter] = field(default_factory=list)
    committed: int = 0
    now: datetime = NOW
    sent: int = 0

    def __post_init__(self) -> None:
        self.stage = self.new_stage()
        skew = ClockSkew(lambda: self.now, lambda: self.now.timestamp())
        self.clock = Clock(self.service, self.store, self, self.metrics, lambda: self.now, skew)

    def new_stage(self) -> Stage:
        """Of a process that remembers nothing."""
        return Stage(self.service, self.store, self, self, self.metrics, clock=lambda: self.now)

    def restart(self) -> None:
        """Another process: it remembers nothing."""
        self.stage = self.new_stage()

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.outgoing += outgoing

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        return {place for place in places if place.offset >= self.committed}

    def record(
        self,
        ce_type: str,
        data: Mapping[str, Any],
        key: str,
        ce_id: str | None = None,
        source: str | None = None,
    ) -> Sent:
        """The next record of the type's topic, from one who may write to it."""
        self.sent += 1
        topic = TOPIC_OF[ce_type]
        source = source or f"{topic.takes_from[0].rstrip('/')}/test"
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", (ce_id or str(self.sent)).encode()),
            ("ce_source", source.encode()),
            ("ce_type", ce_type.encode()),
        ]
        return Sent(topic.name, self.sent, json.dumps(data).encode(), headers, key.encode())

    def event(self, event: Event, key: str) -> Sent:
        return self.record(event.ce_type, codec.dump(event), key)

    def toy(self, owner: str, text: str, ce_id: str | None = None) -> Sent:
        """For `Business`: `text` says what its Decider makes of it."""
        body = {"customer_id": owner, "text": text}
        return self.record("submission.inquiry.v1", body, owner, ce_id)

    def timers(self) -> list[Sent]:
        """The timer messages that the clock has published, as records; once each."""
        found = [item for item in self.outgoing if isinstance(item, Envelope)]
        timers = [item for item in found if item.type == TimerDue.ce_type]
        self.outgoing = [item for item in self.outgoing if item not in timers]
        self.sent += len(timers)
        return [
            Sent(item.topic, self.sent, item.value, item.headers, item.key.encode())
            for item in timers
        ]

    async def process(self, *records: Sent, commit: bool = True) -> None:
        await self.stage.process(records)
        if commit:
            self.committed = self.sent + 1

    def letters(self) -> list[tuple[str, str]]:
        """(reason, message's ce_id or "timer") of every dead letter."""
        return [
            (letter.reason.value, _name_of(letter))
            for letter in self.outgoing
            if isinstance(letter, DeadLetter)
        ]

    async def document(self, owner: str, kind: str = "kept") -> Document:
        found = await self.database.collection(kind).find_one({"_id": owner})
        assert found is not None
        return found


def _name_of(letter: DeadLetter) -> str:
    headers = dict(letter.record.headers)
    if headers["ce_type"] == TimerDue.ce_type.encode():
        return "timer"
    return (headers["ce_id"] or b"").decode()


@asynccontextmanager
async def desk_of(mongo_url: str, service: Service, **bounds: Any) -> AsyncIterator[Desk]:
    """The service on a database of its own."""
    client = connect(mongo_url)
    try:
        database = Database(client, f"bounds{uuid4().hex[:8]}", journal=False)
        store = Store(database, service.deciders, **bounds)
        await store.prepare()
        yield Desk(service, database, store)
    finally:
        client.close()
