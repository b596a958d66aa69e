"""Whatever id of a case is known, the same records are found; others' are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.events.envelope import message_uuid
from shared.operations.case_search import Sought, bytes_of
from shared.operations.dead_letters.letter import Original
from shared.operations.decoded_record import decoded

WEB = "/channels/web"
INQUIRY, OTHER = str(message_uuid(WEB, "s-1")), str(message_uuid(WEB, "s-2"))
REFERENCE = "INQ-7K3MZ-9Q2XW-C"


def record(
    offset: int, topic: str, ce_type: str, ce_id: str, data: Any, *, by: str = "", source: str = WEB
) -> Original:
    headers = [("ce_type", ce_type), ("ce_id", ce_id), ("ce_source", source)]
    headers += [("ce_correlationid", by)] if by else []
    encoded = tuple((name, value.encode()) for name, value in headers)
    return Original(topic, 0, offset, b"k", json.dumps(data).encode(), encoded, offset * 1000)


def asked(number: int, submission: str, contract: str, customer: str) -> list[Original]:
    """Builds the records that follow from a request, with a timer and a dead letter."""
    inquiry = str(message_uuid(WEB, submission))
    reference = REFERENCE if submission == "s-1" else "INQ-00000-00000-0"
    about = {"contract_number": contract, "inquiry_id": inquiry, "customer_id": customer}
    opened = {
        "inquiry_id": inquiry,
        "reference": reference,
        "submission_id": submission,
        "customer_id": customer,
        "contract_numbers": [contract],
    }
    dead = record(number + 6, "desk.dead-letters", "timer.due.v1", f"t-{number}", about)
    return [
        record(
            number,
            "desk.submissions",
            "submission.cancellation.v1",
            submission,
            {"customer_id": customer, "contract_numbers": [contract]},
        ),
        record(
            number + 1, "desk.inquiries", "inquiry.opened.v1", f"o-{number}", opened, by=submission
        ),
        record(
            number + 2,
            "desk.cancellations",
            "cancellation.scheduled.v1",
            f"d-{number}",
            about,
            by=submission,
        ),
        record(
            number + 3,
            "desk.notifications",
            "notification.sent.v1",
            f"n-{number}",
            {"inquiry_id": inquiry, "customer_id": customer},
            by=submission,
        ),
        record(
            number + 4,
            "registry.contracts",
            "registry.contract_recorded.v1",
            f"r-{number}",
            {"contract_number": contract, "customer_id": customer},
        ),
        record(
            number + 5,
            "desk.timers",
            "timer.due.v1",
            f"u-{number}",
            {"kind": "file", "id": contract, "contract_number": contract},
        ),
        dead,
        record(
            number + 7,
            "desk.operations",
            "dead_letter.discarded.v1",
            f"a-{number}",
            {"letter": f"0-{number + 6}", "message_id": f"{WEB} t-{number}"},
        ),
    ]


MINE, ANOTHERS = asked(10, "s-1", "K-1", "C-1"), asked(30, "s-2", "K-2", "C-2")
STATE = record(50, "desk.inquiry-states", "inquiry.state.v1", "st", {"inquiry_id": INQUIRY})
RECORDS = [*ANOTHERS, *MINE, STATE]


def found(named: str, records: list[Original]) -> set[int]:
    """As a reading does it: pass after pass, until none teaches anything."""
    sought, kept = Sought(frozenset({named})), set()
    size = -1
    while sought.size != size:
        size = sought.size
        for each in records:
            if sought.pattern().search(bytes_of(each)) and sought.take(decoded(each)):
                kept.add(each.offset)
    return kept


@pytest.mark.parametrize(
    "named", ["s-1", INQUIRY, REFERENCE, "K-1", "C-1", "o-10", "d-10", "n-10", "r-10", "u-10"]
)
@pytest.mark.parametrize("turn", [1, -1], ids=["in order", "backwards"])
def test_each_kind_of_id_finds_the_same_records_in_whatever_order_they_lie(
    named: str, turn: int
) -> None:
    assert found(named, RECORDS[::turn]) == {each.offset for each in MINE}


@pytest.mark.parametrize("named", ["K", "C-", "s-11", "scheduled", "INQ-7K3MZ"])
def test_a_part_of_an_id_finds_nothing(named: str) -> None:
    assert found(named, RECORDS) == set()


def test_another_request_for_the_same_contract_is_not_part_of_an_inquiry_but_of_the_contract() -> (
    None
):
    other = asked(30, "s-2", "K-1", "C-2")

    assert found("s-1", [*MINE, *other]) & {30, 31, 32, 33} == set()
    assert found("K-1", [*MINE, *other]) == {each.offset for each in [*MINE, *other]}


def test_evidence_belongs_to_the_inquiry_that_it_completes() -> None:
    evidence = [
        record(60, "desk.submissions", "submission.cancellation_evidence.v1", "s-2", {}),
        record(
            61,
            "desk.cancellations",
            "cancellation.scheduled.v1",
            "d-2",
            {"contract_number": "K-1", "inquiry_id": INQUIRY, "answers_inquiry_id": OTHER},
            by="s-2",
        ),
        record(62, "desk.inquiries", "inquiry.closed.v1", "c-2", {"inquiry_id": OTHER}),
    ]

    assert found(REFERENCE, [*evidence, *MINE]) == {60, 61, 62, *(each.offset for each in MINE)}


def test_a_contract_whose_slash_its_sender_escaped_is_found() -> None:
    escaped = Original("registry.contracts", 0, 1, None, b'{"contract_number":"K\\/1"}', ())

    assert found("K/1", [escaped]) == {1}
