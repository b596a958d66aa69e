"""Which records belong to a case, whatever id of it is known: pure, one record at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.events.topics import CATALOGUE
from shared.kafka.records import Record
from shared.operations.decoded_record import DecodedRecord

SUMMARIES = frozenset(
    topic.name
    for topic in CATALOGUE
    if topic.name == "desk.policies" or topic.name.endswith("-states")
)
"""They repeat what other topics tell."""
TOPICS = tuple(topic.name for topic in CATALOGUE if topic.name not in SUMMARIES)


@dataclass(slots=True)
class Sought:
    """The ids by which a case is known so far; every record of it may add to them.

    `named` is what somebody gave. `whole` are the contracts and customers whose every inquiry is
    meant; `contracts` those that an inquiry is about, of which only what belongs to no inquiry is
    told. `correlations` are the ids of submissions, `letters` dead letters, `ids` what was found.
    """

    named: frozenset[str]
    inquiries: set[str] = field(default_factory=set)
    correlations: set[str] = field(default_factory=set)
    contracts: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)

    @property
    def names(self) -> frozenset[str]:
        """By which its records are found; contracts are not: most have several inquiries."""
        found = (self.named, self.inquiries, self.correlations, self.whole, self.letters)
        return frozenset().union(*found)

    @property
    def size(self) -> int:
        """It grows as long as more is learned, and never shrinks."""
        return sum(map(len, self._learned()))

    def _learned(self) -> Iterator[set[str]]:
        yield from (self.inquiries, self.correlations, self.contracts, self.whole)
        yield from (self.letters, self.ids)

    def pattern(self) -> re.Pattern[bytes]:
        """Matches the bytes of every record that may belong to the case, and some others."""
        texts = {text for learned in self._learned() for text in learned} | self.named
        written = {form for text in texts for form in (text, text.replace("/", "\\/"))}
        return re.compile(b"|".join(re.escape(text.encode()) for text in sorted(written)))

    def take(self, record: DecodedRecord) -> bool:
        """Whether the record belongs to the case; learns from it what else does.

        A summary leads to its case, and is no part of it.
        """
        if record.place.topic in SUMMARIES:
            self._anchor(record)
            return False
        if record.type.startswith("dead_letter."):
            return self._is_about_a_letter(record)
        self._anchor(record)
        if not self._is_mine(record):
            return False
        self.inquiries |= record.inquiries
        self.contracts |= record.contracts
        self.correlations |= {it for it in self._submissions(record) if it}
        if record.id:
            self.ids.add(record.id)
        if record.dead is not None:
            self.letters.add(record.dead.letter)
        return True

    def _anchor(self, record: DecodedRecord) -> None:
        """Learns what the given id stands for."""
        if not self.named.isdisjoint(record.names):
            if record.inquiries:
                self.inquiries |= record.inquiries
            elif record.contracts or record.customer:
                self.whole |= record.contracts or {record.customer}
            elif record.correlation_id:
                self.correlations.add(record.correlation_id)
        self.inquiries |= record.inquiries & self.named
        self.correlations |= {record.correlation_id} & self.named
        self.whole |= (record.contracts | {record.customer}) & self.named

    def _is_mine(self, record: DecodedRecord) -> bool:
        if record.id in self.named or not self.inquiries.isdisjoint(record.inquiries):
            return True
        if record.correlation_id in self.correlations:
            return True
        if record.is_submission and record.id in self.correlations:
            return True
        if not self.whole.isdisjoint(record.contracts | {record.customer}):
            return True
        return not record.inquiries and not self.contracts.isdisjoint(record.contracts)

    def _submissions(self, record: DecodedRecord) -> Iterator[str]:
        if record.is_submission:
            yield record.id
        if record.inquiries:
            yield record.correlation_id
            yield str(record.data.get("submission_id") or "")

    def _is_about_a_letter(self, record: DecodedRecord) -> bool:
        message_id = str(record.data.get("message_id") or "").rpartition(" ")[2]
        return record.data.get("letter") in self.letters or message_id in self.ids


def bytes_of(record: Record) -> bytes:
    """All of a record in which an id may stand."""
    values = (value or b"" for _, value in record.headers)
    return b"\n".join((record.key or b"", record.value or b"", *values))
