"""Is everything as it must be? Compares the scenario with what was seen and received."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from desk.demo.mail_check import MailCheck
from desk.demo.order import disorder, distinct
from desk.demo.received_mail import ReceivedMail, repeated_ids
from desk.demo.story import CANCELLATIONS, DemoCase, DemoRow, Expected, differences
from desk.demo.watch import WatchedRecord, found
from shared.events.topics import DEAD_LETTERS, TOPICS

STRICT = frozenset({CANCELLATIONS, "desk.rejections", DEAD_LETTERS})
"""Topics on which nothing may come but what is expected."""
NEVER = frozenset({"notification.failed.v1"})
"""Events that no request of the demo may cause."""

ABOUT_WHOM = frozenset({"contract_number", "customer_id", "inquiry_id", "key"})


@dataclass(frozen=True, slots=True)
class Observed:
    """All that came: records, mails and, by inquiry, downloaded copies."""

    seen: Sequence[WatchedRecord]
    mails: Sequence[ReceivedMail]
    downloads: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row with what came for it, in the order of its expectations; wrong if it has `faults`.

    `reference` is the one of the inquiry that the row is about.
    """

    row: DemoRow
    reference: str | None
    came: tuple[tuple[Expected, WatchedRecord | None], ...]
    mails: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults` are those that belong to no single row."""

    rows: tuple[JudgedRow, ...]
    faults: tuple[str, ...]
    requests: int
    outcomes: int
    events: int
    mails: int

    @property
    def wrong(self) -> tuple[JudgedRow, ...]:
        return tuple(row for row in self.rows if row.faults)

    @property
    def exit_code(self) -> int:
        return 1 if self.wrong or self.faults else 0


def judge(cases: Sequence[DemoCase], evidence: Observed) -> Verdict:
    """Compare all of the scenario with all that came."""
    rows = [row for case in cases for row in case.rows]
    records = distinct(evidence.seen)
    came = Came(rows, records)
    mail_check = MailCheck(rows, records, evidence.mails)
    unexpected = _unexpected(came, rows, records)
    judged = tuple(
        JudgedRow(
            row,
            mail_check.references.get(row.about or ""),
            tuple((expected, came[expected]) for expected in row.expected),
            mail_check.came_for(row),
            (
                *_faults(row, came, evidence),
                *mail_check.faults_of(row),
                *(fault for owner, fault in unexpected if owner is row),
            ),
        )
        for row in rows
    )
    general = (
        *(fault for owner, fault in unexpected if owner is None),
        *mail_check.unexpected(),
        *(f"two mails have the Message-ID {id_}" for id_ in repeated_ids(evidence.mails)),
        *disorder(evidence.seen),
        *_uncovered(records),
    )
    return Verdict(
        judged,
        general,
        requests=requests_in(cases),
        outcomes=len(_outcomes(records)),
        events=sum(record.from_the_desk for record in records),
        mails=len(evidence.mails),
    )


def requests_in(cases: Iterable[DemoCase]) -> int:
    """How many submissions the scenario has."""
    steps = (step for case in cases for row in case.rows for step in row.steps)
    return sum(sent.topic == "desk.submissions" for step in steps for sent in step.sends)


def mails_missing(cases: Iterable[DemoCase], evidence: Observed) -> bool:
    """Whether a mail that must come has not come yet."""
    rows = [row for case in cases for row in case.rows]
    mail_check = MailCheck(rows, distinct(evidence.seen), evidence.mails)
    return any(mail_check.wanted[key] > mail_check.got[key] for key in mail_check.wanted)


class Came:
    """The answer to each expectation."""

    def __init__(self, rows: Iterable[DemoRow], records: Iterable[WatchedRecord]) -> None:
        by_topic: dict[str, list[WatchedRecord]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        self.expected = tuple(event for row in rows for event in row.expected)
        self._records = {
            id(event): found(event, by_topic.get(event.topic, ())) for event in self.expected
        }

    def __getitem__(self, expected: Expected) -> WatchedRecord | None:
        return self._records[id(expected)]

    def awaited(self, record: WatchedRecord) -> bool:
        return any(found is record for found in self._records.values())


def _faults(row: DemoRow, came: Came, evidence: Observed) -> Iterator[str]:
    for expected in row.expected:
        record = came[expected]
        if record is None:
            yield f"expected {expected}; it did not come"
            continue
        for difference in differences(expected, record.facts):
            yield f"{record.word}: {difference}"
        if expected.alike:
            yield from _unlike(expected, record, came)
        if expected.download:
            yield from _download(record, evidence.downloads)


def _unlike(expected: Expected, record: WatchedRecord, came: Came) -> Iterator[str]:
    """Nobody may learn from an answer whether a contract exists."""
    for other in (came[event] for event in came.expected if event.alike == expected.alike):
        for name, value in _answer(other).items() if other else ():
            if _answer(record).get(name) != value:
                yield f"{record.word}: {name} differs from another answer that must be alike"


def _answer(record: WatchedRecord) -> dict[str, object]:
    left_out = {name for name in record.facts if name.startswith("ce_") and name != "ce_type"}
    return {k: v for k, v in record.facts.items() if k not in ABOUT_WHOM | left_out}


def _download(record: WatchedRecord, downloads: Mapping[str, bytes]) -> Iterator[str]:
    content = downloads.get(record.facts["inquiry_id"])
    if content is None:
        yield "the copy could not be downloaded by the link in its mail"
    elif not content.startswith(b"%PDF-"):
        yield "the downloaded copy is no PDF"
    elif sha256(content).hexdigest() != record.facts.get("sha256"):
        yield "the downloaded copy has another SHA-256 than the event says"


def _unexpected(
    came: Came, rows: Sequence[DemoRow], records: Sequence[WatchedRecord]
) -> list[tuple[DemoRow | None, str]]:
    """Answers that must not come, with the row that they concern, if there is one."""
    strays = (
        record
        for record in records
        if (record.topic in STRICT and not came.awaited(record))
        or record.facts.get("ce_type") in NEVER
    )
    return [(_owner(stray, rows), f"{_told(stray)} came and was not expected") for stray in strays]


def _owner(stray: WatchedRecord, rows: Sequence[DemoRow]) -> DemoRow | None:
    inquiry, contract = stray.facts.get("inquiry_id"), stray.facts.get("contract_number")
    by_inquiry = (row for row in rows if inquiry is not None and row.about == inquiry)
    by_contract = (
        row
        for row in rows
        if contract is not None
        and any(event.which.get("contract_number") == contract for event in row.expected)
    )
    return next(by_inquiry, None) or next(by_contract, None)


def _told(record: WatchedRecord) -> str:
    facts = record.facts
    names = ("contract_number", "template", "error", "dl_reason", "dl_error", "submission_id")
    about = ", ".join(f"{name} {facts[name]}" for name in names if facts.get(name))
    return f"{facts.get('ce_type')} on {record.topic} ({about})"


def _outcomes(records: Iterable[WatchedRecord]) -> set[str]:
    return {str(record.facts.get("ce_type")) for record in records if record.topic == CANCELLATIONS}


def _uncovered(records: Sequence[WatchedRecord]) -> Iterator[str]:
    """The demo promises to show every outcome that the event contract has."""
    for event in TOPICS[CANCELLATIONS].events:
        if event.ce_type not in _outcomes(records):
            yield f"no request led to {event.ce_type}"
