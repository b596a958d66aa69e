"""Seeing everything on the desk's topics from outside, with a plain consumer, and publishing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from desk.demo.story import Expected, Facts, SentRecord, says
from shared.events.topics import DEAD_LETTERS, TOPICS
from shared.kafka.record_sender import RecordSender, record_sender
from shared.kafka.topic_listener import TopicListener, topic_listener
from shared.settings import RuntimeSettings

HEADERS = ("ce_", "dl_", "content-type", "traceparent")


@dataclass(frozen=True, slots=True)
class WatchedRecord:
    """One record as it came: what it says, and which event it is."""

    topic: str
    source: str
    id: str
    facts: Facts

    @property
    def as_json(self) -> str:
        """The record on one line: topic, key, headers, and the fields of its value."""
        headers = {name: it for name, it in self.facts.items() if name.startswith(HEADERS)}
        value = {name: it for name, it in self.facts.items() if name not in {*headers, "key"}}
        record = {"topic": self.topic, "key": self.facts["key"], "headers": headers, "value": value}
        return json.dumps(record, ensure_ascii=False)

    @property
    def from_the_desk(self) -> bool:
        return self.source.startswith("/services/") or self.topic == DEAD_LETTERS

    @property
    def word(self) -> str:
        """The event in one word: `cancellation.took_effect.v1` is `took_effect`."""
        if self.topic == DEAD_LETTERS:
            return "dead_letter"
        what = str(self.facts.get("ce_type")).removesuffix(".v1").partition(".")[2]
        return str(self.facts.get("status")) if what == "progressed" else what


def seen(record: Any) -> WatchedRecord:
    """A record of any topic; one whose value is no JSON object has only its headers."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    data = {} if record.topic == DEAD_LETTERS else _json_object(record.value)
    raw = {"value": (record.value or b"").decode(errors="replace")} if not data else {}
    key = (record.key or b"").decode(errors="replace")
    return WatchedRecord(
        record.topic,
        headers.get("ce_source", ""),
        headers.get("ce_id", ""),
        {**data, **raw, **headers, "key": key},
    )


def _json_object(value: bytes | None) -> dict[str, Any]:
    with suppress(ValueError):
        data = json.loads(value or b"")
        return data if isinstance(data, dict) else {}
    return {}


def found(expected: Expected, among: Iterable[WatchedRecord]) -> WatchedRecord | None:
    """The first record that `expected.which` describes."""
    return next(
        (
            record
            for record in among
            if record.topic == expected.topic
            and all(says(value, record.facts.get(name)) for name, value in expected.which.items())
        ),
        None,
    )


@dataclass(slots=True)
class Journal:
    """Everything seen so far. Waiting is for a condition, never for a time."""

    records: list[WatchedRecord] = field(default_factory=list)
    by_topic: dict[str, list[WatchedRecord]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def note(self, new: Sequence[WatchedRecord]) -> None:
        async with self.changed:
            self.records += new
            for record in new:
                self.by_topic.setdefault(record.topic, []).append(record)
            self.changed.notify_all()

    def find(self, expected: Expected) -> WatchedRecord | None:
        return found(expected, self.by_topic.get(expected.topic, ()))

    async def until(self, done: Callable[[], bool], within_s: float) -> bool:
        """Whether it was done in time; asked again whenever something new was seen."""
        async with self.changed:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self.changed.wait_for(done)
            return done()

    async def quiet(self, for_s: float, within_s: float) -> None:
        """Return once nothing new was seen for `for_s` seconds, at the latest after `within_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                count = -1
                while count != len(self.records):
                    count = len(self.records)
                    await asyncio.sleep(for_s)


@dataclass(frozen=True, slots=True)
class Outside:
    """The demo's own connection to the broker."""

    journal: Journal
    sender: RecordSender

    async def publish(self, records: Sequence[SentRecord]) -> None:
        """In the given order; returns when the broker has acknowledged them all."""
        for record in records:
            await self.sender.send(
                record.topic, record.key.encode(), _body(record), _headers(record)
            )


def _body(sent: SentRecord) -> bytes:
    return sent.data if isinstance(sent.data, bytes) else json.dumps(sent.data).encode()


def _headers(sent: SentRecord) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", sent.id.encode()),
        ("ce_source", sent.source.encode()),
        ("ce_type", sent.ce_type.encode()),
        ("content-type", b"application/json"),
    ]


@asynccontextmanager
async def outside(settings: RuntimeSettings) -> AsyncIterator[Outside]:
    """Sees every record that is published from now on, until left."""
    journal = Journal()
    async with (
        record_sender(settings) as sender,
        topic_listener(settings, TOPICS) as listener,
        asyncio.TaskGroup() as group,  # a consumer that fails ends the demo
    ):
        reading = group.create_task(_read(listener, journal))
        yield Outside(journal, sender)
        reading.cancel()


async def _read(listener: TopicListener, journal: Journal) -> None:
    while True:
        new = [seen(record) for record in await listener.next()]
        if new:
            await journal.note(new)
