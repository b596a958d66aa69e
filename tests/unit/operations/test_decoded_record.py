"""A record as an operator reads it, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.events.envelope import message_uuid
from shared.events.field_classes import HIDDEN
from shared.kafka.records import UndecodableRecord, UndeliveredValue
from shared.operations.dead_letters.letter import Original
from shared.operations.decoded_record import decoded, shown
from shared.operations.tail import Wanted

HEADERS = (("ce_id", b"m-1"), ("ce_source", b"/channels/web"))


def record(ce_type: str, value: Any, *more: tuple[str, bytes], topic: str = "desk.timers") -> Any:
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    headers = (*HEADERS, ("ce_type", ce_type.encode()), *more)
    return Original(topic, 0, 7, b"K-1", raw, headers, timestamp=1_000)


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (UndecodableRecord("desk.timers", 0, 7), "a header's name is not UTF-8"),
        (record("timer.due.v1", UndeliveredValue.of(9_000_000)), "it is too large to be read"),
        (record("timer.due.v1", None), "it has no value (a tombstone)"),
        (record("timer.due.v1", b"{"), "value is not JSON in UTF-8"),
        (record("timer.due.v1", []), "value is not a JSON object"),
        (record("no.such.v9", {}), "the desk has no such type"),
        (
            Original("desk.timers", 0, 7, None, b"{}", ()),
            "ce_type, ce_id, ce_source cannot be read",
        ),
        (record("timer.due.v1", {}), ""),
    ],
)
def test_a_record_that_cannot_be_decoded_says_why(found: Any, fault: str) -> None:
    assert decoded(found).fault == fault


@pytest.mark.parametrize(
    ("ce_type", "data", "named"),
    [
        (
            "cancellation.expired.v1",
            {"contract_number": "K-1", "inquiry_id": "i-1"},
            {"K-1", "i-1"},
        ),
        (
            "inquiry.opened.v1",
            {"reference": "INQ-1", "contract_numbers": ["K-2"]},
            {"INQ-1", "K-2"},
        ),
        ("timer.due.v1", {"kind": "inquiry", "id": "i-1", "contract_number": "i-1"}, {"i-1"}),
        ("submission.copy.v1", {}, {str(message_uuid("/channels/web", "m-1"))}),
        ("contract.accepted.v1", {"document_id": "d-1", "name": "n"}, {"d-1"}),
        ("contract.accepted.v1", {"contract_number": ["K-1"], "inquiry_id": {}}, set()),
    ],
)
def test_a_record_is_found_by_every_id_that_it_names(
    ce_type: str, data: dict[str, Any], named: set[str]
) -> None:
    ids = decoded(record(ce_type, data)).ids

    assert {"m-1", *named} <= ids
    assert "n" not in ids


def test_a_timer_of_an_inquiry_names_no_contract() -> None:
    timer = {"kind": "inquiry", "id": "i-1", "contract_number": "i-1"}

    found = decoded(record("timer.due.v1", timer))

    assert found.contracts == frozenset()
    assert found.inquiries == {"i-1"}


def test_a_dead_letter_tells_the_record_that_was_given_up_and_why() -> None:
    why = (("dl_reason", b"defect"), ("dl_service", b"cancellation"), ("dl_error", b"KeyError"))

    found = decoded(record("timer.due.v1", {"id": "K-1"}, *why, topic="desk.dead-letters"))

    assert found.dead is not None
    assert (found.id, found.dead.letter, found.dead.reason) == ("m-1", "0-7", "defect")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (Wanted(), True),
        (Wanted(("timer.",)), True),
        (Wanted(("inquiry.",)), False),
        (Wanted((), frozenset({"K-1"})), True),
        (Wanted((), frozenset({"K-2"})), False),
        (Wanted(("inquiry.", "timer."), frozenset({"m-1"})), True),
    ],
)
def test_records_are_chosen_by_type_and_any_id(wanted: Wanted, chosen: bool) -> None:
    found = decoded(record("timer.due.v1", {"kind": "file", "id": "K-1"}))

    assert wanted.matches(found) is chosen


@pytest.mark.parametrize(
    ("text", "seen"), [("K-1", "K-1"), ("", ""), ("a b", HIDDEN), ("a@b.test", HIDDEN)]
)
def test_a_key_is_shown_only_where_it_can_be_no_persons_data(text: str, seen: str) -> None:
    assert shown(text) == seen
