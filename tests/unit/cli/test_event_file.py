"""`desk submit` and `desk publish` read a file of events and name all its faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.commands.errors import DeskError
from desk.commands.event_file import SUBMISSIONS, load, parse

AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
PAID = {
    "ce_type": "billing.invoice_paid.v1",
    "data": {"invoice_number": "I-1", "contract_number": "K-1", "paid_on": "2027-03-01"},
}
WITHDRAWAL = {
    "ce_type": "submission.cancellation_withdrawal.v1",
    "data": {"customer_id": "C-1", "channel": "fax", "contract_number": "K-1"},
}


def faults_of(content: Any, topic: str | None = None) -> str:
    with pytest.raises(DeskError) as told:
        parse(json.dumps(content), "requests.json", topic=topic)
    return str(told.value)


def test_an_event_becomes_a_cloudevents_record_under_its_key() -> None:
    [event] = parse(json.dumps(PAID | {"ce_id": "paid-1"}), "paid.json")

    record = event.record(AT)

    assert (record.topic, record.key) == ("billing.invoices", "K-1")
    assert json.loads(record.value) == PAID["data"]
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"paid-1",
        "ce_source": b"/billing",
        "ce_type": b"billing.invoice_paid.v1",
        "ce_time": b"2027-03-01T09:30:00.000+00:00",
        "ce_subject": b"K-1",
        "content-type": b"application/json",
    }


def test_a_submission_comes_from_its_channel_with_an_id_of_its_own() -> None:
    first, second = parse(
        json.dumps([WITHDRAWAL, WITHDRAWAL]), "two.json", topic=SUBMISSIONS, unchecked=True
    )

    assert first.source == "/channels/fax"
    assert first.ce_id != second.ce_id


def test_a_faulty_submission_is_sent_only_where_the_desk_is_to_answer_its_faults() -> None:
    faulty = json.dumps({"ce_type": "submission.inquiry.v1", "data": {"channel": "pigeon"}})

    with pytest.raises(
        DeskError, match=r"nothing was sent(.|\n)*data\.customer_id: Field required"
    ):
        parse(faulty, "faulty.json", topic=SUBMISSIONS)
    [event] = parse(faulty, "faulty.json", topic=SUBMISSIONS, unchecked=True)

    assert (event.key, event.source) == ("", "/channels/web")


def test_every_fault_of_every_event_is_named_at_once() -> None:
    told = faults_of(
        [
            {"ce_type": "billing.invoice_paid.v1", "data": {"paid_on": "2027-03-01"}},
            {"ce_type": "billing.invoice_paid.v1", "data": 3, "ce_id": ""},
            PAID | {"contract_number": "K-1"},
        ]
    )

    assert told.splitlines() == [
        "nothing was sent, because requests.json has faults:",
        "  event 1: data.invoice_number: Field required",
        "  event 1: data.contract_number: Field required",
        "  event 2: `data` is missing or not an object",
        "  event 2: `ce_id` is not a text of 1 to 255 printable characters",
        "  event 3: unknown key 'contract_number'; the event's own fields belong inside `data`",
    ]


@pytest.mark.parametrize(
    ("ce_type", "topic", "advice"),
    [
        ("billing.invoice_payed.v1", None, "did you mean billing.invoice_paid.v1"),
        ("submission.withdrawal.v1", SUBMISSIONS, "submission.cancellation_withdrawal.v1"),
        ("billing.invoice_paid.v1", SUBMISSIONS, "publish it with `desk publish`"),
        ("nonsense", SUBMISSIONS, "known are: submission.inquiry.v1, submission.follow_up.v1"),
        (7, None, "`ce_type` is missing or not a text"),
        ("cancellation.scheduled.v1", None, "name the `source` yourself"),
    ],
)
def test_an_unfit_type_is_told_with_what_to_do(
    ce_type: object, topic: str | None, advice: str
) -> None:
    assert advice in faults_of({"ce_type": ce_type, "data": {}}, topic)


def test_an_event_larger_than_a_record_may_be_is_not_sent() -> None:
    told = faults_of(WITHDRAWAL | {"data": {"comment": "x" * 300_000}}, SUBMISSIONS)

    assert "at most 262144 are accepted" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"ce_type": 1,,}', "line 1, column 15"),
        ('[\n  {"a": 1}\n  {"b": 2}\n]', "line 3, column 3"),
        ("", "line 1, column 1"),
        ("[]", "is an empty list; expected"),
        ("3", "not an object; expected"),
    ],
)
def test_broken_json_is_told_with_its_position(text: str, told: str) -> None:
    with pytest.raises(DeskError, match=r"requests\.json") as raised:
        parse(text, "requests.json")

    assert told in str(raised.value)


def test_a_byte_order_mark_is_forgiven() -> None:
    assert len(parse("\ufeff" + json.dumps(PAID), "paid.json")) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "there is no file"), ("caf\u00e9".encode("latin-1"), "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "requests.json"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(DeskError, match=told):
        load(str(file))
