"""A desk that does exactly what the demo's scenario expects, to be spoilt by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any

from desk.demo.answers import REFERENCE, SHA256
from desk.demo.outside import World
from desk.demo.received_mail import ReceivedMail
from desk.demo.scenario import scenario
from desk.demo.story import AbsentField, DemoCase, Each, Expected, ExpectedMail, Matching
from desk.demo.verdict import Observed
from desk.demo.watch import WatchedRecord
from shared.events.topics import TOPICS

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
PDF = b"%PDF-1.4 copia de prueba"


def cases() -> tuple[DemoCase, ...]:
    return scenario(World("t3st", NOW))


def perfect(of: tuple[DemoCase, ...]) -> Observed:
    """Everything that the scenario expects, and nothing else."""
    numbers = count(1)
    expected = [event for case in of for row in case.rows for event in row.expected]
    seen = [_seen(event, next(numbers)) for event in expected]
    references = {
        record.facts["inquiry_id"]: record.facts["reference"]
        for record in seen
        if record.word == "opened"
    }
    mails = [
        _mail(event.mail, references, next(numbers)) for event in expected if event.mail is not None
    ]
    downloads = {record.facts["inquiry_id"]: PDF for record in seen if record.word == "copy_ready"}
    return Observed(seen, mails, downloads)


def _seen(expected: Expected, number: int) -> WatchedRecord:
    said = {**expected.which, **expected.has}
    facts = {name: _said(value, number) for name, value in said.items()}
    facts = {name: value for name, value in facts.items() if value is not None}
    key = next((facts[name] for name in TOPICS[expected.topic].key if name in facts), "key")
    return WatchedRecord(expected.topic, "/services/test", f"event-{number}", {"key": key, **facts})


def _said(value: Any, number: int) -> Any:
    if value == REFERENCE:
        return f"INQ-00000-{number:05}-0"
    if value == SHA256:
        return sha256(PDF).hexdigest()
    match value:
        case AbsentField():
            return None
        case Matching(pattern="consents.*"):
            return "consents.transfer_abroad"
        case Matching():
            return "texto"
        case Each(entries=entries):
            return [_said(entry, number) for entry in entries]
        case Mapping():
            return {name: _said(inner, number) for name, inner in value.items()}
        case tuple():
            return [_said(item, number) for item in value]
        case date():
            return value.isoformat()
    return value


def _mail(mail: ExpectedMail, references: Mapping[str, str], number: int) -> ReceivedMail:
    reference = f" [{references[mail.about]}]" if mail.about else ""
    return ReceivedMail(f"<{number}@test>", mail.to, f"Asunto{reference}", " ".join(mail.says))


def with_facts(evidence: Observed, word: str, **facts: Any) -> Observed:
    """The first record of that word says something else."""
    spoilt = first(evidence, word)
    return _changed(
        evidence,
        lambda record: (
            replace(record, facts={**record.facts, **facts}) if record is spoilt else record
        ),
    )


def without(evidence: Observed, word: str) -> Observed:
    """The first record of that word never came."""
    spoilt = first(evidence, word)
    return replace(evidence, seen=[record for record in evidence.seen if record is not spoilt])


def with_another(
    evidence: Observed, word: str, *, id_: str = "event-more", **facts: Any
) -> Observed:
    """The first record of that word comes once more, with other facts under another id."""
    again = first(evidence, word)
    more = replace(again, id=id_, facts={**again.facts, **facts})
    return replace(evidence, seen=[*evidence.seen, more])


def again(evidence: Observed, word: str) -> Observed:
    """The first record of that word is delivered twice, as Kafka may."""
    return replace(evidence, seen=[*evidence.seen, first(evidence, word)])


def first(evidence: Observed, word: str) -> WatchedRecord:
    return next(record for record in evidence.seen if record.word == word)


def _changed(evidence: Observed, change: Callable[[WatchedRecord], WatchedRecord]) -> Observed:
    return replace(evidence, seen=[change(record) for record in evidence.seen])
