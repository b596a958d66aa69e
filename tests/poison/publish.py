"""Publishes poison and neighbours as an outsider does, and notes where each record came to lie."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.poison.inputs import Poison, poison
from tests.poison.neighbours import Neighbour, neighbours

ONE_NEIGHBOUR_IN = 50
AT_ONCE = 1_000
LARGEST = 2 * 1024 * 1024
UNDECODABLE = 3
TRANSACTIONS, OF_ONE_TRANSACTION = 10, 9


@dataclass(slots=True)
class Sent:
    """The records that the broker took: partition, offset and timestamp by number.

    `undecodable` are records whose header names are not UTF-8. Of headers with one name the
    embedded broker keeps one alone, so one alone is sent there (`keeps_repeated` is false).
    `rolled_back` are sound records whose transaction never took place.
    The poison itself is not kept: the seed and the instant give it again.
    """

    seed: int
    at: datetime
    places: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    neighbours: list[Neighbour] = field(default_factory=list)
    rolled_back: list[Neighbour] = field(default_factory=list)
    refused: int = 0
    undecodable: int = 0
    keeps_repeated: bool = True

    @property
    def poison(self) -> Iterator[Poison]:
        last = max(self.places, default=-1)
        for record in islice(poison(self.seed, self.at), last + 1):
            if record.number in self.places:
                partition, offset, timestamp = self.places[record.number]
                lies = replace(self.as_sent(record), partition=partition, offset=offset)
                yield replace(lies, timestamp=timestamp)

    def as_sent(self, record: Poison) -> Poison:
        """With the headers that the broker can keep."""
        if self.keeps_repeated:
            return record
        return replace(record, headers=tuple(dict(record.headers).items()))


async def send(
    bootstrap: str, inputs: int, seed: int, at: datetime, *, keeps_repeated: bool
) -> Sent:
    """`inputs` records that the broker takes, with a sound one after every fiftieth."""
    sent = Sent(seed, at, keeps_repeated=keeps_repeated)
    records, sound = map(sent.as_sent, poison(seed, at)), neighbours(seed, at)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=LARGEST, linger_ms=5)
    await producer.start()
    try:
        while len(sent.places) < inputs:
            batch = list(islice(records, min(AT_ONCE, inputs - len(sent.places))))
            await _send_batch(producer, batch, sound, sent)
    finally:
        await producer.stop()
    return sent


async def _send_batch(
    producer: AIOKafkaProducer, batch: Sequence[Poison], sound: Iterator[Neighbour], sent: Sent
) -> None:
    waiting = []
    for number, record in enumerate(batch):
        waiting.append(await _handed_over(producer, record))
        if number % ONE_NEIGHBOUR_IN == 0:
            neighbour = next(sound)
            await (await _handed_over(producer, neighbour))  # not together with any poison
            sent.neighbours.append(neighbour)
    places = await asyncio.gather(*waiting, return_exceptions=True)
    for record, answer in zip(batch, places, strict=True):
        # Refused for its own fault, or for that of one sent together with it.
        place = await _alone(producer, record) if isinstance(answer, KafkaError) else answer
        if isinstance(place, BaseException):
            raise place
        if place is None:
            sent.refused += 1
        else:
            sent.places[record.number] = (place.partition, place.offset, place.timestamp)
    await producer.flush()


async def _alone(producer: AIOKafkaProducer, record: Poison) -> Any:
    """Where it lies now, None if the broker refuses it."""
    try:
        return await (await _handed_over(producer, record))
    except KafkaError:
        return None


async def _handed_over(producer: AIOKafkaProducer, record: Poison | Neighbour) -> Any:
    return await producer.send(
        record.topic, value=record.value, key=record.key, headers=list(record.headers)
    )


async def send_rolled_back(bootstrap: str, seed: int, at: datetime) -> list[Neighbour]:
    """Sound records of a few transactions that are rolled back, so that nobody may read them."""
    sound = neighbours(-1 - seed, at)
    sent: list[Neighbour] = []
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"poison-{seed}")
    await producer.start()
    try:
        for _ in range(TRANSACTIONS):
            await producer.begin_transaction()
            for record in islice(sound, OF_ONE_TRANSACTION):
                await (await _handed_over(producer, record))
                sent.append(record)
            await producer.abort_transaction()
    finally:
        await producer.stop()
    return sent


async def send_undecodable(bootstrap: str, count: int) -> int:
    """aiokafka cannot write such header names, kcat can; how many it wrote."""
    if shutil.which("kcat") is None:
        return 0
    for number in range(count):
        options: list[str | bytes] = ["-k", f"undecodable-{number}", "-H", b"\xff\xfe=1"]
        process = await asyncio.create_subprocess_exec(
            *("kcat", "-P", "-b", bootstrap, "-t", "desk.submissions", "-p", "0"),
            *options,
            stdin=asyncio.subprocess.PIPE,
        )
        await process.communicate(b"{}")
        if process.returncode:
            raise RuntimeError(f"kcat ended with {process.returncode}")
    return count
