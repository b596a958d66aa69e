"""Whatever is accepted leads to events that every reader accepts, and to a mail."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.envelope import Event
from shared.events.topics import TOPIC_OF, key_of
from shared.runtime import codec
from shared.runtime.codec import MAX_RECORD_BYTES
from tests.builders.submissions import SIGNATURE, SOUND
from tests.poison.inputs import Poison
from tests.poison.trial import Mails, Trial

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ALPHABETS = {"ascii": "x", "quotes": '"', "accents": "ñ", "han": "漢", "emoji": "😀", "angle": "<"}


def largest(kind: str, letter: str) -> dict[str, Any]:
    """The longest submission of this kind that intake takes, written in one letter alone."""
    line, name, mark = letter * 10_000, letter * 200, letter * 200
    address = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example.test"
    contact = {"name": name, "email": address, "phone": "9" * 20, "postal_address": letter * 500}
    signature = {**SIGNATURE, "reference": mark, "signed_by": name}
    more: dict[str, dict[str, Any]] = {
        "inquiry": {"subject": line, "text": line, "contact": contact},
        "registration": {"name": name, "company": name, "email": address, "phone": "9" * 20},
        "contract_copy": {"contact": contact},
        "contract_acceptance": {
            "signed_by": name,
            "text_sha256": "ab" * 32,
            "authentication": {
                "method": mark,
                "level": mark,
                "at": "2026-03-02T10:58:00+01:00",
                "reference": mark,
            },
        },
        "servicepac_activation": {"activation_code": mark},
        "cancellation": {
            "contract_numbers": [f"{n:02}{'K' * 62}" for n in range(50)],
            "contact": contact,
            "signature": signature,
            "comment": line,
        },
        "cancellation_evidence": {"contact": contact, "signature": signature},
        "cancellation_withdrawal": {"comment": line},
        "inventory_update": {
            "item_id": mark,
            "changes": {"serial_number": mark, "site": mark, "status": "retired"},
            "comment": line,
        },
        "profile_update": {"name": name, "company": name, "email": address, "phone": "9" * 20},
        "consent_withdrawal": {"wording_version": mark},
    }
    common = {"customer_id": "C" * 64, "channel": "call_centre", "language": "es"}
    body = {**common, "received_at": "2026-03-02T10:59:00+01:00", **SOUND[kind], **more[kind]}
    if kind == "registration":
        body["consents"] = [
            {**consent, "wording_version": mark} for consent in SOUND[kind]["consents"]
        ]
    return body


def submitted(ce_type: str, body: dict[str, Any], ce_id: str = "i" * 255) -> Poison:
    value = json.dumps(body, ensure_ascii=False).encode()
    return record(ce_type, ce_id, "/channels/" + "s" * 245, body["customer_id"], value)


def record(ce_type: str, ce_id: str, source: str, key: str, value: bytes) -> Poison:
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", ce_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", ce_type.encode()),
    )
    return Poison(0, "largest submission", TOPIC_OF[ce_type].name, key.encode(), value, headers)


def published(events: Iterable[Event], cause: str) -> list[Poison]:
    """The events as their readers get them; those that no topic carries stay away."""
    return [
        record(
            event.ce_type,
            f"{cause}-{number}"[-255:],
            TOPIC_OF[event.ce_type].takes_from[0],
            key_of(event),
            json.dumps(codec.dump(event), ensure_ascii=False).encode(),
        )
        for number, event in enumerate(events)
        if event.ce_type in TOPIC_OF
    ]


def type_of(record: Poison) -> str:
    return (dict(record.headers)["ce_type"] or b"").decode()


def played(trial: Trial, first: Poison) -> list[Poison]:
    """Everything that follows from a record, each read and decided by all of its readers."""
    waiting, seen = [first], []
    while waiting:
        record = waiting.pop(0)
        assert record.value is not None
        assert len(record.value) <= MAX_RECORD_BYTES
        seen.append(record)
        assert len(seen) < 1_000
        own = type_of(record)
        news = [
            event for event in trial.decide(record) if event.ce_type != own
        ]  # less the replicas'
        waiting += published(news, f"{len(seen)}")
    return seen


@pytest.mark.parametrize("letter", ALPHABETS.values(), ids=ALPHABETS)
@pytest.mark.parametrize("kind", SOUND)
def test_the_largest_submission_leads_to_events_that_all_readers_accept_and_to_a_mail(
    kind: str, letter: str
) -> None:
    trial = Trial(NOW)

    seen = played(trial, submitted(f"submission.{kind}.v1", largest(kind, letter)))

    types = [type_of(record) for record in seen]
    assert "inquiry.opened.v1" in types
    assert "submission.rejected.v1" not in types
    written = Mails().write(trial.states_of("notification"))
    assert written or "contact" not in largest(kind, letter)


@pytest.mark.parametrize("letter", ALPHABETS.values(), ids=ALPHABETS)
def test_the_longest_follow_up_is_told_whole(letter: str) -> None:
    trial = Trial(NOW)
    body = largest("inquiry", letter)
    seen = played(trial, submitted("submission.inquiry.v1", body, "i-1"))
    opened = next(record for record in seen if record.topic == "desk.inquiries")
    common = {name: body[name] for name in ("customer_id", "channel", "received_at")}
    more = {**common, "inquiry_id": (opened.key or b"").decode(), "text": letter * 10_000}

    seen = played(trial, submitted("submission.follow_up.v1", more, "i-2"))

    assert any((letter * 9_000).encode() in json_text(record) for record in seen[1:])


def json_text(record: Poison) -> bytes:
    return (
        json.dumps(json.loads(record.value or b""), ensure_ascii=False).replace('\\"', '"').encode()
    )
