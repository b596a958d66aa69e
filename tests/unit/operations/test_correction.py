"""A corrected record: what changes, what is named, and what would still be wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.inquiry_intake.service import build
from services.inquiry_intake.settings import Settings
from shared.events.envelope import Ref
from shared.operations.dead_letters.correct import Correction, corrected
from shared.operations.dead_letters.errors import (
    HalfACharacter,
    NoSuchField,
    NotAnObject,
    NotAPointer,
    NothingCorrected,
    NotJson,
)
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.errors import OperationError
from shared.runtime.operations.corrections import faults_of as faults
from tests.builders.dead_letters import dead_letter
from tests.builders.submissions import NOW

INTAKE = build(Settings())
LETTER = LetterId(3, 7)
HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_source", b"/channels/test"),
    ("ce_id", b"a"),
    ("ce_type", b"submission.inquiry.v1"),
)
SOUND = {
    "customer_id": "C-1001",
    "channel": "web",
    "received_at": "2026-03-02T09:00:00Z",
    "request_type": "contracts",
    "subject": "Prueba",
    "text": "palabras del cliente",
    "contact": {"email": "cliente@example.test"},
}


def letter(value: Any = SOUND, **more: Any) -> Letter:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return dead_letter(LETTER, service="inquiry_intake", value=raw, **({"headers": HEADERS} | more))


def data_of(letter: Letter, *fields: tuple[str, str]) -> Any:
    return json.loads(corrected(letter, Correction(fields=fields)).record.value or b"")


@pytest.mark.parametrize(
    ("pointer", "written", "place"),
    [
        ("/text", '"new"', {"text": "new"}),
        ("/contact/email", '"a@example.test"', {"contact": {"email": "a@example.test"}}),
        ("/added", "[1]", {"added": [1]}),
        ("/a~1b", "true", {"a/b": True}),
    ],
)
def test_a_field_is_set_where_its_pointer_says(
    pointer: str, written: str, place: dict[str, Any]
) -> None:
    assert data_of(letter(), (pointer, written)) == SOUND | place


def test_a_field_without_a_value_is_removed_and_items_of_a_list_can_be_set() -> None:
    numbers = letter({"contract_numbers": ["A", "B", "C"], "text": "x"})

    made = data_of(
        numbers, ("/text", ""), ("/contract_numbers/0", ""), ("/contract_numbers/-", '"D"')
    )

    assert made == {"contract_numbers": ["B", "C", "D"]}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ((("text", '"x"'),), NotAPointer("text")),
        ((("/text", "words"),), NotJson("/text")),
        ((("/contact/no/way", "1"),), NoSuchField("/contact/no/way")),
        ((("/nothing", ""),), NoSuchField("/nothing")),
        ((("/text/0", '"x"'),), NoSuchField("/text/0")),
        ((("/text", '"\\ud800"'),), HalfACharacter()),
        ((("/text", json.dumps(SOUND["text"])),), NothingCorrected(LETTER)),
    ],
)
def test_a_change_that_cannot_be_made_is_told_without_the_content(
    fields: tuple[tuple[str, str], ...], error: OperationError
) -> None:
    with pytest.raises(type(error)) as refused:
        corrected(letter(), Correction(fields=fields))

    assert vars(refused.value) == vars(error)
    assert "palabras" not in str(refused.value)


def test_no_field_of_what_is_no_object_can_be_set() -> None:
    with pytest.raises(NotAnObject):
        corrected(letter(b"{cut off"), Correction(fields=(("/text", '"x"'),)))


def test_what_changed_is_named_by_pointer_and_header_and_never_by_value() -> None:
    changed = Correction(
        fields=(("/contact/email", '"b@example.test"'), ("/text", '"new"')),
        headers=(("Content-Type", "application/json"),),
    )

    made = corrected(letter(), changed)

    assert made.changed == ("/contact/email", "/text", "header Content-Type")


def test_of_what_was_no_json_the_whole_value_changed() -> None:
    made = corrected(letter(b"{cut off"), Correction(body=json.dumps(SOUND).encode()))

    assert made.changed == ("",)


def test_a_header_is_replaced_in_any_case_and_removed_without_a_value() -> None:
    made = corrected(letter(), Correction(headers=(("CE_TYPE", "x"), ("ce_id", ""))))

    names = [name for name, _ in made.record.headers]
    assert names == ["ce_specversion", "ce_source", "CE_TYPE"]


def test_the_record_travels_under_the_key_of_its_corrected_data() -> None:
    moved = corrected(letter(), Correction(fields=(("/customer_id", '"C-7"'),)))
    keyless = corrected(letter(), Correction(fields=(("/customer_id", ""),)))

    assert moved.record.key == b"C-7"
    assert keyless.record.key == b"C-1001"


@pytest.mark.parametrize(
    ("correction", "said"),
    [
        (Correction(headers=(("ce_type", "no.such_type.v1"),)), "ce_type: unknown_type"),
        (Correction(headers=(("ce_source", ""),)), "header ce_source is missing"),
        (Correction(body=b"{"), "data: not_json"),
    ],
)
def test_what_the_codec_cannot_read_is_a_fault(correction: Correction, said: str) -> None:
    [fault] = faults(corrected(letter(), correction).record, INTAKE, NOW)

    assert said in fault


def test_every_field_that_intake_would_reject_is_named_at_once_without_its_value() -> None:
    wrong = Correction(fields=(("/channel", '"pigeon"'), ("/subject", "7"), ("/text", "")))

    found = faults(corrected(letter(), wrong).record, INTAKE, NOW)

    assert [fault.split(":")[0] for fault in found] == ["channel", "subject", "text"]
    assert "pigeon" not in str(found)


def test_every_field_of_another_event_is_named_at_once() -> None:
    record = letter({}, topic="desk.notifications").original
    source, written = b"/services/notification", b"notification.sent.v1"
    headers = (HEADERS[0], ("ce_source", source), HEADERS[2], ("ce_type", written))
    there = dead_letter(
        LetterId(3, 7), value=b'{"attempts": "x"}', headers=headers, topic=record.topic
    )

    found = faults(there.original, INTAKE, NOW)

    assert {"notification_id: missing", "attempts: int_parsing"} <= set(found)


def test_a_sound_record_has_no_fault_unless_another_aggregate_waits_for_it() -> None:
    record = letter().original

    assert faults(record, INTAKE, NOW) == []
    [moved] = faults(record, INTAKE, NOW, needed=[Ref("inquiry", "another")])
    assert "no longer be decided in inquiry another" in moved


def test_a_topic_that_the_desk_does_not_have_is_a_fault() -> None:
    assert faults(letter(topic="gone").original, INTAKE, NOW) == ["gone is no topic of the desk"]
