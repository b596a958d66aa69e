"""A batch is read within bounds, whatever it would become and its topic's owner allows."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import cramjam
import pytest
from aiokafka import TopicPartition, codec
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.kafka.decompression import (
    BUDGET,
    MB,
    MOST_BATCH_BYTES,
    MOST_RECORD_BYTES,
    Undecodable,
    bound_decompression,
    gunzip,
    unsnap,
)
from shared.kafka.records import UndeliveredValue, size_of

BOMB = bytes(40 * MB)
READ_COMMITTED = 1
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
every_codec = pytest.mark.parametrize("name", CODECS)
Header = tuple[str, bytes | None]


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    bound_decompression()
    BUDGET.left = None
    yield
    BUDGET.left = None


def batch(name: str, *values: bytes, offset: int = 0, headers: Sequence[Header] = ()) -> bytes:
    """A batch of records as a broker stores it, the first one at `offset`."""
    builder = DefaultRecordBatchBuilder(2, CODECS.get(name, 0), 0, -1, -1, -1, 1 << 30)
    for number, value in enumerate(values):
        builder.append(number, 1_000, b"key", value, list(headers))
    built = bytearray(builder.build())
    built[:8] = offset.to_bytes(8, "big")
    return bytes(built)


def fetched(data: bytes, *, check_crcs: bool = True) -> Iterator[Any]:
    """The records that aiokafka's fetcher makes of the bytes of a fetch."""
    records = fetcher.MemoryRecords(data)
    assert records.has_next()
    yield from fetcher.PartitionRecords(
        TopicPartition("t", 0), records, [], 0, None, None, check_crcs, READ_COMMITTED
    )


def kept(data: bytes) -> list[tuple[int, bytes | None]]:
    return [(record.offset, record.value) for record in fetched(data)]


@every_codec
def test_what_is_within_the_bounds_is_read_as_it_was_sent(name: str) -> None:
    values = [b"{}", b"x" * 300_000, b"", bytes(range(256)) * 500]

    assert kept(batch(name, *values, offset=7)) == [*enumerate(values, start=7)]


def test_the_framing_of_javas_snappy_is_read() -> None:
    framed = codec.snappy_encode(b"abc" * 50_000)
    assert codec._detect_xerial_stream(framed)

    assert unsnap(framed) == b"abc" * 50_000


@every_codec
def test_a_bomb_is_passed_over_as_one_record_between_its_neighbours(name: str) -> None:
    bomb = batch(name, b"{}", BOMB, b"{}", offset=1)
    data = batch(name, b"first") + bomb + batch(name, b"last", offset=4)
    tracemalloc.start()
    try:
        records = list(fetched(data))
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert [record.offset for record in records] == [0, 1, 4]
    assert [record.value for record in (records[0], records[2])] == [b"first", b"last"]
    assert isinstance(records[1].value, UndeliveredValue)
    assert records[1].value.whole_batch
    assert peak < 3 * MOST_BATCH_BYTES


@every_codec
def test_a_damaged_batch_is_passed_over_as_one_record(name: str) -> None:
    sound = batch(name, b"a" * 1_000, b"b" * 1_000)
    damaged = bytearray(sound)
    damaged[-8:] = bytes(8)

    records = list(fetched(bytes(damaged) + batch("", b"last", offset=2), check_crcs=False))

    assert isinstance(records[-2].value, UndeliveredValue)
    assert records[-1].value == b"last"


@pytest.mark.parametrize("name", ["zstd", "not compressed"])
@pytest.mark.parametrize("together", [True, False])
def test_a_record_that_no_dead_letter_could_hold_comes_without_its_value(
    name: str, together: bool
) -> None:
    headers, values = [("ce_id", b"1")], [b"small", bytes(3 * MB), b"small"]
    batches = [values] if together else [[value] for value in values]
    data = b"".join(batch(name, *some, offset=n, headers=headers) for n, some in enumerate(batches))

    first, large, last = fetched(data)

    assert [record.offset for record in (first, large, last)] == [0, 1, 2]

    assert (first.value, last.value) == (b"small", b"small")
    assert isinstance(large.value, UndeliveredValue)
    assert not large.value.whole_batch
    assert size_of(large.value) > 3 * MB
    assert (large.key, large.headers) == (b"key", (("ce_id", b"1"),))


@pytest.mark.parametrize("name", ["zstd", "not compressed"])
def test_headers_that_no_dead_letter_could_hold_are_left_out_too(name: str) -> None:
    data = batch(name, b"small", headers=[("note", bytes(MOST_RECORD_BYTES))])

    [record] = fetched(data)

    assert size_of(record.value) > MOST_RECORD_BYTES
    assert (record.key, record.headers) == (None, ())


def test_a_poll_decompresses_a_bounded_part_and_the_next_one_goes_on() -> None:
    data = b"".join(batch("zstd", bytes(MB), bytes(3 * MB // 4), offset=2 * n) for n in range(20))
    BUDGET.renew()

    some = [record.offset for record in fetched(data)]

    assert some == list(range(10))
    BUDGET.renew()
    again = fetched(data)
    assert len(list(again)) == 10


def test_what_is_not_compressed_costs_nothing_of_the_budget() -> None:
    BUDGET.renew()
    data = b"".join(batch("", bytes(MB // 2), offset=n) for n in range(40))

    assert len(kept(data)) == 40


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"") * 50_000,
        gzip.compress(b"a")[:-4],
        b"\x82SNAPPY\x00" + bytes(8) + b"\xff\xff\xff\xfc",
        b"\x82SNAPPY\x00" + bytes(8) + b"\x00\x00",
        bytes(cramjam.snappy.compress_raw(b"a" * 100))[:-3],
        b"\xff\xff\xff\xff\x0f",
    ],
    ids=["very many members", "cut off", "a negative block", "no block", "short", "4 GB said"],
)
def test_what_claims_much_or_never_ends_is_refused_at_once(data: bytes) -> None:
    decode = gunzip if data[:2] == b"\x1f\x8b" else unsnap
    with pytest.raises(Undecodable):
        decode(data)
