"""Events in batches: each in the partition that any Kafka client would choose, in their order."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.publisher import MAX_REQUEST_BYTES, KafkaPublisher, data_schema
from shared.kafka.records import UndecodableRecord
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.reason import Reason
from shared.settings import RuntimeSettings

PARTITIONS = 6
EVENTS = st.lists(st.tuples(st.sampled_from(["t1", "t2"]), st.text(max_size=8)), max_size=40)


class Topics:
    """A producer that knows its topics, and nothing else."""

    async def partitions_for(self, _topic: str) -> set[int]:
        return set(range(PARTITIONS))


async def unconnected() -> KafkaPublisher:
    publisher = KafkaPublisher(RuntimeSettings())
    await publisher.stop()
    return publisher


def event(topic: str, key: str, number: int, size: int = 2) -> Envelope:
    return Envelope(topic, key, "a.type.v1", [("ce_id", str(number).encode())], b"x" * size)


@given(EVENTS)
async def test_an_events_partition_is_its_keys(events: list[tuple[str, str]]) -> None:
    publisher = await unconnected()
    publisher._producer = Topics()
    given_ = [event(topic, key, number) for number, (topic, key) in enumerate(events)]
    found = await publisher._by_partition(given_)
    choose, all_ = DefaultPartitioner(), list(range(PARTITIONS))
    for (topic, partition), some in found.items():
        assert {envelope.topic for envelope in some} == {topic}
        assert {choose(envelope.key.encode(), all_, all_) for envelope in some} == {partition}
        assert some == [envelope for envelope in given_ if envelope in some]
    assert sorted(id(envelope) for some in found.values() for envelope in some) == sorted(
        map(id, given_)
    )


@given(st.lists(st.sampled_from([2, 1_000, 100_000, 300_000]), min_size=1, max_size=8))
async def test_as_few_batches_as_hold_them_and_no_event_is_left_out(sizes: list[int]) -> None:
    publisher = await unconnected()
    events = [event("t", "k", number, size) for number, size in enumerate(sizes)]
    batches = list(publisher._batches(events))
    assert sum(batch.record_count() for batch in batches) == len(events)
    assert len(batches) <= 1 + 2 * sum(size >= 100_000 for size in sizes)


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        (None, []),
        (
            "https://desk.example.test/schemas/",
            [("ce_dataschema", b"https://desk.example.test/schemas/inquiry.opened.v1.json")],
        ),
    ],
)
def test_an_event_names_its_json_schema_where_schemas_are_served(
    base_url: str | None, headers: list[tuple[str, bytes]]
) -> None:
    assert data_schema(base_url, "inquiry.opened.v1") == headers


async def test_a_dead_letter_of_more_than_the_client_can_send_goes_out_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the process would end over the same record again and again."""
    publisher = await unconnected()
    producer, handed_over = publisher._producer, AsyncMock()
    monkeypatch.setattr(producer.client, "_wait_on_metadata", AsyncMock())
    monkeypatch.setattr(producer, "_partition", Mock(return_value=0))
    monkeypatch.setattr(producer._message_accumulator, "add_message", handed_over)
    record = UndecodableRecord("desk.submissions", 0, 7, b"C-1", bytes(MAX_REQUEST_BYTES))
    letter = DeadLetter(record, "inquiry_intake", Reason.TOO_LARGE, "2 MiB", datetime.now(UTC))

    await publisher._send(letter)

    [sent] = handed_over.await_args_list
    assert sent.args[1:3] == (b"C-1", b"")
    assert sent.kwargs["headers"] == letter.headers
