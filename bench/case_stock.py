"""Fills the console's index with the entries of many inquiries, in minutes.

An entry is the projection's own, made of one inquiry's record and cut where that inquiry's values
stand; all others have the same pieces with values of their own. `check` compares them with what
the projection makes. Its arguments are the URL, the database, the collection, the first and the
last number, the instant in milliseconds and the days that entries are kept.
"""

from __future__ import annotations

import random
import re
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from bson import encode
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from bench.case_records import LIFE, ROOT, Case
from desk.contract_docs.goldens import read_goldens
from shared.operations.case_index import entry_of, place_name
from shared.operations.decoded_record import decoded

AT_ONCE = 2_000
SAID_EVERY = 200_000
SAMPLE = 100
DAY_MS = 86_400_000
Pieces = Sequence[tuple[bytes, str]]
"""Pairs of the bytes before a value and the value's name."""


class Stock:
    """The entries of inquiries whose records came at `at`, each kept for so many days."""

    def __init__(self, at: datetime, kept_days: int) -> None:
        self._at = at
        self._kept = timedelta(days=kept_days)
        self._goldens = read_goldens(ROOT)
        self._places = [decoded(it).place for it in Case(0).records(self._goldens, at)]
        self._templates: dict[bool, Sequence[Pieces]] = {}

    def entries(self, number: int) -> Iterator[bytes]:
        """Those of one inquiry, as BSON."""
        case = Case(number)
        kind = case.ids["inquiry"][0].isdigit()  # the ids of an entry stand in alphabetical order
        if kind not in self._templates:
            self._templates[kind] = self._template(case)
            yield from map(encode, self._made(case))
            return
        values = self._values(case)
        for index, pieces in enumerate(self._templates[kind]):
            values["place"] = values[f"place {index}"]
            yield b"".join(part for piece, name in pieces for part in (piece, values[name]))

    def check(self, numbers: Iterable[int]) -> None:
        """Raises AssertionError where an entry differs from what the projection would store."""
        for number in numbers:
            assert [*self.entries(number)] == [encode(it) for it in self._made(Case(number))], (
                number
            )

    def _made(self, case: Case) -> list[dict[str, object]]:
        records = case.records(self._goldens, self._at)
        return [it for record in records if (it := entry_of(record, self._kept)) is not None]

    def _values(self, case: Case) -> dict[str, bytes]:
        at = int(self._at.timestamp() * 1000) + case.number
        until = at + self._kept.days * DAY_MS
        own = {name: it.encode() for name, it in case.ids.items()}
        events = {f"event {it}": case.event_id(it).encode() for it in range(1, len(LIFE))}
        first = case.number * len(LIFE)
        places = {
            f"place {index}": place_name(
                place._replace(partition=case.partition, offset=place.offset + first)
            ).encode()
            for index, place in enumerate(self._places)
        }
        times = {"at": struct.pack("<q", at), "until": struct.pack("<q", until)}
        return {**own, **events, **places, **times, "": b""}

    def _template(self, case: Case) -> Sequence[Pieces]:
        values = self._values(case)
        names = {value: name for name, value in values.items() if value}
        own = re.compile(b"(" + b"|".join(map(re.escape, sorted(names, key=len)[::-1])) + b")")
        return [_cut(encode(it), own, names) for it in self._made(case)]


def _cut(entry: bytes, own: re.Pattern[bytes], names: Mapping[bytes, str]) -> Pieces:
    parts = [*own.split(entry), b""]
    return [
        (piece, names.get(value, "")) for piece, value in zip(parts[::2], parts[1::2], strict=True)
    ]


def main() -> None:
    url, database, collection, *numbers = sys.argv[1:]
    first, last, at_ms, kept_days = map(int, numbers)
    stock = Stock(datetime.fromtimestamp(at_ms / 1000, UTC), kept_days)
    stock.check(random.Random(1).sample(range(first, last), min(SAMPLE, last - first)))
    documents = (
        RawBSONDocument(it) for number in range(first, last) for it in stock.entries(number)
    )
    client: MongoClient[RawBSONDocument] = MongoClient(url)
    with client:
        target, began, stored = client[database][collection], time.perf_counter(), 0
        while some := list(islice(documents, AT_ONCE)):
            target.insert_many(some, ordered=False)
            stored += len(some)
            if stored % SAID_EVERY == 0:
                rate = stored / (time.perf_counter() - began)
                print(f"{first:,} to {last:,}: {stored:,} entries, {rate:,.0f}/s", flush=True)


if __name__ == "__main__":
    main()
