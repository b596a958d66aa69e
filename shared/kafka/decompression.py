"""Bounds what a batch of records becomes; brokers and clients bound its wire size alone.

A megabyte of zstd can hold gigabytes of zeros, and aiokafka decompresses a batch as a whole: the
process would be killed, take the same batch again and be killed again. Here a batch of more than
`MOST_BATCH_BYTES` is passed over as one undecodable record; a record that no dead letter could hold
comes without its value; and once a poll has decompressed `POLL_BYTES`, the rest is fetched again.
A record that was not compressed is no smaller for that where its topic's owner allows it: it comes
without its value, too.

aiokafka has no such bound, so `bound_decompression` replaces its decoders and what walks through a
fetch (`aiokafka_workarounds`).
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cramjam
from aiokafka.errors import CorruptRecordException
from aiokafka.record import memory_records

from shared.kafka.aiokafka_workarounds import replace_decoders
from shared.kafka.records import UndeliveredValue

MB = 1024 * 1024
MOST_BATCH_BYTES = 8 * MB
"""Decompressed: room for 32 of the largest records that a reader accepts."""
MOST_RECORD_BYTES = MB
"""Key, value and headers: what a broker takes of an uncompressed record, unless told otherwise."""
POLL_BYTES = 8 * MB
_MOST_GZIP_MEMBERS = 16
"""Producers write one; each costs a copy of all that follow."""
_XERIAL, _XERIAL_HEADER_BYTES = b"\x82SNAPPY\x00", 16
_FRAMED = {"lz4_decode": cramjam.lz4.decompress_into, "zstd_decode": cramjam.zstd.decompress_into}


Decode = Callable[[bytes | memoryview], bytes]


class Undecodable(Exception):
    """A compressed batch takes more than `MOST_BATCH_BYTES`, or is damaged."""


@dataclass(slots=True)
class Budget:
    """Bytes that the process's consumer may still decompress in this poll; no limit at first."""

    left: int | None = None

    def renew(self) -> None:
        self.left = POLL_BYTES

    def spend(self, size: int) -> None:
        if self.left is not None:
            self.left -= size

    @property
    def spent(self) -> bool:
        return self.left is not None and self.left <= 0


BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record as aiokafka's fetcher expects it from a batch."""

    offset: int
    timestamp: int
    timestamp_type: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    checksum: None = None


class BoundedBatch:
    """A batch: what aiokafka wants to know of it, and its records within the bounds."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        following = self._batch.base_offset
        try:
            for record in self._batch:
                following = record.offset + 1
                yield _deliverable(record)
        except (Undecodable, CorruptRecordException):
            yield Delivered(
                following,
                self._batch.max_timestamp,
                self._batch.timestamp_type,
                None,
                UndeliveredValue.of(MOST_BATCH_BYTES, whole_batch=True),
            )


class BoundedRecords:
    """The batches that a fetch brought of one partition, until the poll's budget is spent.

    The fetcher takes an end of them as a reason to fetch from there again. Whether there are any it
    asks before a poll, so the first answer is the truth.
    """

    def __init__(self, data: bytes) -> None:
        self._records = memory_records.MemoryRecords(data)
        self._may_hold_large = len(data) > MOST_RECORD_BYTES
        self._asked = False

    def size_in_bytes(self) -> int:
        size: int = self._records.size_in_bytes()
        return size

    def has_next(self) -> bool:
        first, self._asked = not self._asked, True
        return (first or not BUDGET.spent) and bool(self._records.has_next())

    def next_batch(self) -> Any:
        """The next batch. Those that can hold no large record come as they are, for they are many.

        So do those in a format from before Kafka 0.11, which have no `compression_type`.
        """
        batch = self._records.next_batch()
        compression = getattr(batch, "compression_type", None)
        if batch.is_control_batch or compression is None:
            return batch
        return BoundedBatch(batch) if compression or self._may_hold_large else batch


def _deliverable(record: Any) -> Any:
    """The record, or what is left of it where it is too large for any topic of the desk."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    beside = len(record.key or b"") + headers
    size = len(record.value or b"")
    if beside + size <= MOST_RECORD_BYTES:
        return record
    kept = beside <= MOST_RECORD_BYTES // 2
    return Delivered(
        record.offset,
        record.timestamp,
        record.timestamp_type,
        record.key if kept else None,
        UndeliveredValue.of(beside + size),
        record.headers if kept else (),
    )


def gunzip(data: bytes | memoryview) -> bytes:
    """Raises `Undecodable`."""
    found, rest = bytearray(), bytes(data)
    for _ in range(_MOST_GZIP_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        try:
            found += member.decompress(rest, MOST_BATCH_BYTES + 1 - len(found))
        except zlib.error as error:
            raise Undecodable(str(error)) from None
        if not member.eof:
            break
        rest = member.unused_data.lstrip(b"\0")
        if not rest:
            return bytes(found)
    raise Undecodable("gzip is too large, damaged or of very many parts")


def unsnap(data: bytes | memoryview) -> bytes:
    """Raises `Undecodable`."""
    try:
        blocks = [*_snappy_blocks(memoryview(data))]
        if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > MOST_BATCH_BYTES:
            raise Undecodable("snappy is too large")
        return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)
    except (cramjam.DecompressionError, struct.error) as error:
        raise Undecodable(str(error)) from None


def _snappy_blocks(data: memoryview) -> Iterator[memoryview]:
    """Yields the blocks of Java's snappy framing, or the whole if it has none."""
    if data[: len(_XERIAL)] != _XERIAL:
        yield data
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(data):
        [size] = struct.unpack_from("!i", data, at)
        if size <= 0:
            raise Undecodable("snappy is damaged")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def unframe(into: Callable[..., int], data: bytes | memoryview) -> bytes:
    """Decompresses lz4 or zstd. Raises `Undecodable`. Untouched pages take no memory."""
    with mmap.mmap(-1, MOST_BATCH_BYTES) as room:
        try:
            return room[: into(bytes(data), room)]
        except cramjam.DecompressionError as error:
            raise Undecodable(str(error)) from None


def _spending(decode: Decode, data: bytes | memoryview) -> bytes:
    try:
        found = decode(data)
    except Undecodable:
        BUDGET.spend(MOST_BATCH_BYTES)
        raise
    BUDGET.spend(len(found))
    return found


def bound_decompression() -> None:
    """Bound what this process's consumers decompress; calling it again changes nothing."""
    decoders: dict[str, Decode] = {"gzip_decode": gunzip, "snappy_decode": unsnap}
    decoders |= {name: partial(unframe, into) for name, into in _FRAMED.items()}
    spending = {name: partial(_spending, decode) for name, decode in decoders.items()}
    replace_decoders(BoundedRecords, spending)
