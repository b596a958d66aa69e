"""A service's own stage on a memory store: messages go in as records, new events come out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Thread
from typing import Any

import structlog

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.internal import TimerDue
from shared.events.topics import TOPIC_OF, TOPICS, key_in
from shared.kafka.records import Record
from shared.runtime import codec
from shared.runtime.clock import clock_source
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Service
from shared.runtime.stage.stage import Stage
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces
from tests.builders.stored import fold
from tests.fakes.memory_store import MemoryStore

METRICS = Metrics()
ANY_SOURCE = dict.fromkeys(TOPICS, ("/",))
SUBMISSIONS = TOPICS["desk.submissions"]


@dataclass(frozen=True)
class Given:
    """A record as the stage gets it from a consumer."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    partition: int = 0
    timestamp: int = -1
    timestamp_type: int | None = None


@dataclass
class Published:
    """A publisher and a group's progress: all that is decided is published and committed."""

    outgoing: list[Envelope | DeadLetter] = field(default_factory=list)

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.outgoing += outgoing

    async def uncommitted(self, _places: Iterable[Any]) -> set[Any]:
        return set()


class MemoryStage:
    """One service at `now`, which moves when it is set. What our own code raises is raised."""

    def __init__(self, service: Service, now: datetime, traces: Traces | None = None) -> None:
        self.service = service
        self.now = now
        self.store = MemoryStore(service.deciders)
        self.published = Published()
        self.stage = Stage(
            service,
            self.store,
            self.published,
            self.published,
            METRICS,
            clock=lambda: self.now,
            sources=ANY_SOURCE,
            traces=traces,
        )
        self.happened: dict[Ref, list[Event]] = defaultdict(list)
        """The events of every history, as they are read from the store."""
        self.latest: list[tuple[Ref, Event]] = []
        """The new events of the last batch, each with its record."""
        self._received = 0

    def receive(self, *messages: Message) -> list[Event]:
        """The new events of these messages, each in a batch of its own; a repeat has none."""
        return [event for message in messages for event in self.process(self.record(message))]

    def process(self, *records: Record) -> list[Event]:
        """The new events of one batch, private ones too, in the order of its aggregates."""
        before, dead = len(self.store.written), len(self.published.outgoing)
        with _without_log():
            _run(self.stage.process(records))
        for letter in self.published.outgoing[dead:]:
            assert not isinstance(letter, DeadLetter), f"{letter.reason}: {letter.error}"
        self.latest = [
            (ref, self.store.event(stored))
            for ref, entry in self.store.written[before:]
            for stored in entry["events"]
        ]
        for ref, event in self.latest:
            self.happened[ref].append(event)
        return [event for _, event in self.latest]

    def record(self, message: Message) -> Given:
        """The record of a message, under the key that its topic asks for."""
        self._received += 1
        data, ce_type = message.data, message.type
        fields = data.fields if isinstance(data, Unchecked) else codec.dump(data)
        said = {
            "ce_specversion": "1.0",
            "ce_id": message.id,
            "ce_source": message.source,
            "ce_type": ce_type,
            "ce_time": message.time.isoformat() if message.time else None,
            "ce_correlationid": message.correlation_id,
            "traceparent": message.traceparent,
        }
        stamped = message.broker_time
        return Given(
            topic=TOPIC_OF.get(ce_type, SUBMISSIONS).name,
            offset=self._received,
            key=(message.key or key_in(ce_type, fields)).encode(),
            value=json.dumps(fields).encode("utf-8", "surrogatepass"),
            headers=[(name, text.encode()) for name, text in said.items() if text is not None],
            timestamp=-1 if stamped is None else round(stamped.timestamp() * 1000),
            timestamp_type=None if stamped is None else 1,
        )

    def until(self, then: datetime) -> list[Event]:
        """Time passes until `then`; timers come in the order of their due time."""
        events: list[Event] = []
        while (due := self.store.next_due()) is not None and due.due_at <= then:
            self.now = max(self.now, due.due_at)
            events += self.receive(self.timer(due.ref, due.due_at, f"{due}"))
            then_due = self.store.next_due()
            assert then_due is None or then_due[:2] != due[:2], "a timer would repeat for ever"
        self.now = max(self.now, then)
        return events

    def timer(self, ref: Ref, due_at: datetime, message_id: str = "timer") -> Message:
        """The message that tells a record that its `due_at` has come."""
        data = TimerDue(
            kind=ref.kind,
            id=ref.id,
            contract_number=ref.id,
            owner=self.service.name,
            due_at=due_at,
        )
        return Message(clock_source(self.service.name), message_id, data)

    def put(self, ref: Ref, state: Any) -> None:
        """A record as an earlier release has left it."""
        self.store.put(ref, state)

    @property
    def states(self) -> dict[Ref, Any]:
        """Every record as the next message finds it."""
        return self.store.states()

    def state(self, ref: Ref) -> Any:
        """One record as the next message finds it; None where there is none."""
        return self.store.state(ref)

    @property
    def folded(self) -> dict[Ref, Any]:
        """Folds every history; equal to `states` when the record is sound."""
        found = {ref: self.happened[ref] for ref in self.store.documents}
        return {ref: fold(self.store.decider(ref.kind), events) for ref, events in found.items()}


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop in a thread of its own: tests that have a loop can wait for it, too."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True, name="memory stage").start()
    return loop


def _run(processed: Any) -> None:
    asyncio.run_coroutine_threadsafe(processed, _loop()).result()


@contextmanager
def _without_log() -> Iterator[None]:
    """A line for each batch would drown what a failing test says."""
    before: dict[str, Any] = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
