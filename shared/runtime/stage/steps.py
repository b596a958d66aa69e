"""The five steps of a batch: the seconds they took, and the batch's spans.

Traces are continued message by message. One that its sender traces, or that begins a trace here,
has a span from its receipt until what it caused is published; what it caused continues the trace
from there. The batch has one span with a link to each of them, and in it one for each step.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from shared.events.field_classes import is_fact
from shared.events.internal import TimerDue
from shared.events.limits import MAX_HEADERS
from shared.events.topics import EVENT_TYPES, TOPICS
from shared.kafka.records import Record, RecordPosition
from shared.mongo.client import Document
from shared.outage import Outage
from shared.runtime.attributes import Attributes
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.span_attributes import said
from shared.runtime.stage.batch import Batch, IncomingMessage
from shared.telemetry.tracing import Span, Traces


class Steps:
    """The seconds that a batch spent in each of the five steps. It traces nothing."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def took(self, step: str, seconds: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds

    def received(
        self, incoming: list[IncomingMessage], unreadable: Sequence[DeadLetter]
    ) -> list[IncomingMessage]:
        """The messages as they are decided: what they cause continues their traces."""
        del unreadable
        return incoming

    def ended(self, batches: Iterable[Batch]) -> None:
        """All of it is published."""

    def failed(self, outage: Outage) -> None:
        """It will come again."""


class TracedSteps(Steps):
    """The same, and the spans of what is sampled."""

    def __init__(self, traces: Traces) -> None:
        super().__init__()
        self._traces = traces
        self._began = time.time_ns()
        self._batch: Span | None = None
        self._messages: dict[RecordPosition, Span] = {}
        """The span of each message that is traced."""

    def took(self, step: str, seconds: float) -> None:
        super().took(step, seconds)
        if self._batch is not None:
            ended = time.time_ns()
            began = ended - round(seconds * 1e9)
            span = self._traces.begin(step, "internal", parent=self._batch, at=began)
            if span is not None:
                span.end(ended)

    def received(
        self, incoming: list[IncomingMessage], unreadable: Sequence[DeadLetter]
    ) -> list[IncomingMessage]:
        for letter in unreadable:
            self._give_up(letter)
        found = [self._continued(it) for it in incoming]
        self._begin_batch(found, incoming)
        return found

    def ended(self, batches: Iterable[Batch]) -> None:
        if not self._messages:
            return
        for batch in batches:
            self._note(batch)
        self._end()

    def failed(self, outage: Outage) -> None:
        for span in self._messages.values():
            span.fail(outage.dependency)
        if self._batch is not None:
            self._batch.fail(outage.dependency)
        self._end()

    def _continued(self, received: IncomingMessage) -> IncomingMessage:
        message = received.read.message
        if not received.decides or not _may_be_traced(received):
            return received
        span = self._begin(received.record, message.traceparent)
        if span is None:
            return received
        if is_fact(message.id):
            span.note({"messaging.message.id": message.id})
        if message.type in EVENT_TYPES:
            span.note({"cloudevents.event_type": message.type})
        self._messages[_place(received.record)] = span
        traced = replace(message, traceparent=span.traceparent)
        return replace(received, read=replace(received.read, message=traced))

    def _begin(self, record: Record, parent: str | None) -> Span | None:
        return self._traces.begin(
            f"process {record.topic}",
            "consumer",
            parent=parent,
            at=self._began,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
            },
        )

    def _begin_batch(
        self, found: Sequence[IncomingMessage], incoming: Sequence[IncomingMessage]
    ) -> None:
        """A message's own context is linked to, or the one that it got where it brought none."""
        if not self._messages:
            return
        links = [
            sent.read.message.traceparent or own.read.message.traceparent
            for sent, own in zip(incoming, found, strict=True)
            if own is not sent
        ]
        self._batch = self._traces.begin(
            "process batch",
            "consumer",
            links=[it for it in links if it is not None],
            at=self._began,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.batch.message_count": len(incoming),
            },
        )
        if self._batch is not None:
            for span in self._messages.values():
                span.link(self._batch)

    def _give_up(self, letter: DeadLetter) -> None:
        """Nobody can read the message; its sender's trace says why, if it has one."""
        traceparent = Attributes.of(letter.record.headers[:MAX_HEADERS]).traceparent
        if traceparent is not None and letter.record.topic in TOPICS:
            span = self._begin(letter.record, traceparent)
            if span is not None:
                span.fail(letter.reason.value)
                span.end()

    def _note(self, batch: Batch) -> None:
        """Notes on their spans what became of the messages of a lane's round."""
        decided: dict[RecordPosition, list[Document]] = {}
        for aggregate in batch.aggregates.values():
            for entry in aggregate.added:
                place = RecordPosition(entry["topic"], entry["partition"], entry["offset"])
                decided.setdefault(place, []).extend(entry["events"])
        for place, events in decided.items():
            if place in self._messages:
                self._messages[place].note(said((it["type"], it["data"]) for it in events))
        for letter in batch.outgoing:
            if isinstance(letter, DeadLetter) and _place(letter.record) in self._messages:
                self._messages[_place(letter.record)].fail(letter.reason.value)

    def _end(self) -> None:
        ended = time.time_ns()
        for span in self._messages.values():
            span.end(ended)
        if self._batch is not None:
            self._batch.end(ended)


def _place(record: Record) -> RecordPosition:
    return RecordPosition(record.topic, record.partition, record.offset)


def _may_be_traced(received: IncomingMessage) -> bool:
    """A message without a trace that a service sent belongs to one that is not sampled."""
    message, topic = received.read.message, TOPICS[received.record.topic]
    begins = not topic.led or isinstance(message.data, TimerDue)
    return begins or message.traceparent is not None
