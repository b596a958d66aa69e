"""Watches the public topics from the first record to the last."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.events.topics import (
    ARCHIVE,
    CANCELLATION,
    CATALOGUE,
    DEAD_LETTERS,
    INTAKE,
    NOTIFICATION,
)
from shared.kafka.records import RecordPosition

OUTPUT = {
    INTAKE: "desk.inquiries",
    CANCELLATION: "desk.cancellations",
    ARCHIVE: "desk.contracts",
    NOTIFICATION: "desk.notifications",
}
"""The topic on which a service's work under this workload shows."""
SERVICES = frozenset(OUTPUT)
DERIVED = (
    "desk.contract-states",
    "desk.inquiry-states",
    "desk.cancellation-states",
    "desk.policies",
)
"""Topics whose events are in no history, but follow from the records and the settings."""
WATCHED = tuple(  # all other topics of the services but those on which they talk to themselves
    topic.name
    for topic in CATALOGUE
    if SERVICES.intersection(topic.written_by)
    and set(topic.written_by) != set(topic.read_by)
    and topic.name not in DERIVED
)


@dataclass
class Seen:
    """Everything seen so far. Repeats of an id are counted and otherwise dropped."""

    first: dict[str, RecordPosition] = field(default_factory=dict)
    repeats: int = 0
    opened: Counter[str] = field(default_factory=Counter)
    before_opened: Counter[str] = field(default_factory=Counter)
    decisions: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By inquiry, the numbers that its follow-ups quote, in the order of publication."""
    references: dict[str, str] = field(default_factory=dict)
    """By inquiry, as its opening says it."""
    sent: Counter[str] = field(default_factory=Counter)
    """Mails said to be sent, by inquiry."""
    failed: Counter[str] = field(default_factory=Counter)
    """Mails said to have failed, by inquiry."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Rejections, by the id of the submission."""
    notifications: Counter[str] = field(default_factory=Counter)
    dead: dict[str, str] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)
    times: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """When each topic got records that were new; milliseconds since 1970."""

    def note(self, record: Any) -> None:
        headers = {name: value.decode() for name, value in record.headers}
        if record.topic == DEAD_LETTERS:
            self.dead[headers["ce_id"]] = headers["dl_reason"]
            return
        if headers["ce_id"] in self.first:
            self.repeats += 1
            return
        self.first[headers["ce_id"]] = RecordPosition(record.topic, record.partition, record.offset)
        self.times[record.topic].append(record.timestamp)
        self._note_event(headers["ce_type"], record)

    def _note_event(self, ce_type: str, record: Any) -> None:
        data: Mapping[str, Any] = json.loads(record.value)
        match record.topic:
            case "desk.inquiries":
                self._note_inquiry(ce_type, data)
            case "desk.cancellations":
                self.decisions[data["contract_number"]].append((ce_type, data["sequence"]))
            case "desk.notifications":
                self._note_mail(ce_type, data)
            case "desk.rejections" if ce_type == "submission.rejected.v1":
                self.rejected[data["submission_id"]] += 1
            case "desk.contracts" if ce_type == "contract.recorded.v1":
                self.recorded.add(data["contract_number"])

    def _note_mail(self, ce_type: str, data: Mapping[str, Any]) -> None:
        told = self.sent if ce_type == "notification.sent.v1" else self.failed
        told[data.get("inquiry_id", "")] += 1
        self.notifications[data["notification_id"]] += told is self.sent

    def _note_inquiry(self, ce_type: str, data: Mapping[str, Any]) -> None:
        inquiry_id = data["inquiry_id"]
        if ce_type == "inquiry.opened.v1":
            self.opened[inquiry_id] += 1
            self.references[inquiry_id] = data["reference"]
        elif inquiry_id not in self.opened:
            self.before_opened[inquiry_id] += 1
        if data.get("status") == "follow_up_received":
            self.words[inquiry_id] += map(int, re.findall(r"\d+", data["note"]["es"]))


@asynccontextmanager
async def watching(bootstrap: str) -> AsyncIterator[Seen]:
    """Watches the topics in the background, across restarts of the broker, and fills `Seen`."""
    seen = Seen()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign(
        [
            TopicPartition(t.name, n)
            for t in CATALOGUE
            if t.name in WATCHED
            for n in range(t.partitions)
        ]
    )
    task = asyncio.create_task(_watch(consumer, seen))
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await consumer.stop()


async def _watch(consumer: AIOKafkaConsumer, seen: Seen) -> None:
    while True:
        try:
            found = await consumer.getmany(timeout_ms=200)
        except KafkaError:
            await asyncio.sleep(0.2)
            continue
        for records in found.values():
            for record in records:
                seen.note(record)
