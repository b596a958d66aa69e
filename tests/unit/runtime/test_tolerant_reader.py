"""A record survives all that others add to it, unless that makes it ambiguous or forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from services.inquiry_intake.submission.validate import checked
from shared.events.envelope import WITHHELD, Event, Unchecked
from shared.events.topics import (
    ARCHIVE,
    CANCELLATION,
    CATALOGUE,
    EVENT_TYPES,
    INTAKE,
    NOTIFICATION,
    TOPIC_OF,
)
from shared.runtime import codec
from shared.runtime.faults import Unreadable
from shared.runtime.reason import Reason
from tests.poison.bases import READ, Bases, Draft, Mix
from tests.poison.forgeries import unknown_members
from tests.poison.inputs import ROOT, Poison, record_of

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 12, 1, tzinfo=UTC)
BASES = Bases(Path(ROOT), NOW, Mix(with_email=1))
TYPES = sorted(ce_type for ce_type in EVENT_TYPES if TOPIC_OF[ce_type].name in READ)
ANSWERED = [ce_type for ce_type in TYPES if TOPIC_OF[ce_type].answers_faults]
STRICT = [ce_type for ce_type in TYPES if not TOPIC_OF[ce_type].answers_faults]

every_type = pytest.mark.parametrize("ce_type", TYPES)


def draft_of(ce_type: str) -> Draft:
    return BASES.draft_of(ce_type, Random(1), "id-1", "mark")


def record(ce_type: str, spoil: Callable[[Draft], None] = lambda _: None) -> Poison:
    draft = draft_of(ce_type)
    spoil(draft)
    kind = "texts" if draft.value is None else "noise"  # its fields, or its value as it is
    return record_of(0, kind, draft)


def faults(ce_type: str, spoil: Callable[[Draft], None]) -> list[str]:
    """Lists the record's faults: by words or, where it is answered, by field and code."""
    try:
        data = codec.read(record(ce_type, spoil)).message.data
    except Unreadable as fault:
        return [fault.error]
    return [f"{field}: {code}" for field, code in getattr(data, "faults", ())]


def with_headers(*headers: tuple[str, bytes | None]) -> Callable[[Draft], None]:
    """Makes a record in which these are all that has their names."""

    def changed(draft: Draft) -> None:
        for name, _ in headers:
            draft.drop(name)
        draft.extra = list(headers)

    return changed


STRANGERS: list[tuple[str, bytes | None]] = [
    ("x-trace", None),
    ("__value_schema_id", b"\x01\xde\x8b\xfe"),
    ("b3", b"\xff\xfe\x00"),
    ("tracestate", b""),
    ("uber-trace-id", b"\xed\xa0\x80"),
    ("note", b"y" * 500_000),
    ("ce_dataschema", None),
    ("ce_partitionkey", b"\xff"),
    ("dl_reason", b"\x00"),
    ("", b"\xff"),
]


@every_type
def test_a_strangers_header_is_passed_over(ce_type: str) -> None:
    plain = codec.read(record(ce_type))
    found: list[str] = []
    for name, value in STRANGERS:
        added = with_headers((name, value), (name, value), (name, b"another"))
        if faults(ce_type, added) or codec.read(record(ce_type, added)) != plain:
            found.append(name)

    assert found == []


SILENT: list[tuple[str, bytes | None]] = [
    ("ce_time", b"2026-11-27T10:00Z"),
    ("ce_time", b"2026-11-27T10:00+01:00"),
    ("ce_time", b""),
    ("ce_time", b" "),
    ("ce_time", None),
    ("ce_subject", b"\xff"),
    ("ce_subject", None),
    ("ce_causationid", b"\xff"),
    ("ce_correlationid", b""),
    ("content-type", None),
    ("content-type", b"application/json; charset=utf-8"),
    ("content-type", b'Application/JSON;charset="UTF-8"'),
    ("traceparent", b"\xff\xff"),
    ("traceparent", b"nothing of the kind"),
]


@every_type
def test_an_attribute_that_says_nothing_costs_nothing(ce_type: str) -> None:
    found = {header: faults(ce_type, with_headers(header)) for header in SILENT}

    assert {header: wrong for header, wrong in found.items() if wrong} == {}


def test_upper_case_hex_in_a_trace_is_a_trace() -> None:
    def traced(draft: Draft) -> None:
        draft.drop("traceparent")
        draft.extra = [("traceparent", b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01")]

    read = codec.read(record("submission.inquiry.v1", traced))
    assert read.message.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(("version", "goes_on"), [("00", False), ("01", True)])
def test_words_behind_a_trace_go_no_further(version: str, goes_on: bool) -> None:
    trace = f"{version}-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def traced(draft: Draft) -> None:
        draft.drop("traceparent")
        draft.extra = [("traceparent", f"{trace}-cliente@example.org".encode())]

    read = codec.read(record("submission.inquiry.v1", traced))
    assert read.message.traceparent == (trace if goes_on else None)


@every_type
def test_a_byte_order_mark_is_not_part_of_the_value(ce_type: str) -> None:
    def marked(draft: Draft) -> None:
        draft.value = b"\xef\xbb\xbf" + json.dumps(draft.fields).encode()

    assert (
        codec.read(record(ce_type, marked)).message.data == codec.read(record(ce_type)).message.data
    )


@every_type
def test_members_that_nobody_knows_are_passed_over_in_every_object(ce_type: str) -> None:
    def added(draft: Draft) -> None:
        unknown_members(Random(1), draft)

    sound, more = (
        codec.read(type_).message.data for type_ in (record(ce_type), record(ce_type, added))
    )

    if isinstance(sound, Unchecked) and isinstance(more, Unchecked):
        assert more.faults == ()
        assert checked(more, RECEIVED) == checked(sound, RECEIVED)
    else:
        assert more == sound


def also(header: str) -> Callable[[Draft], None]:
    """Makes a record that has another value of this header, too."""

    def twice(draft: Draft) -> None:
        draft.extra = [(header, b"another")]

    return twice


@every_type
def test_an_attribute_given_twice_is_refused_where_the_values_differ(ce_type: str) -> None:
    has_time = "ce_time" in dict(draft_of(ce_type).headers)
    for header in ("ce_type", "ce_specversion", *(["ce_time"] if has_time else [])):
        assert faults(ce_type, also(header.upper())) in (
            [f"header {header} has two different values"],
            [f"{header}: ambiguous"],
        )


@every_type
def test_an_attribute_given_twice_with_one_value_is_one(ce_type: str) -> None:
    def twice(draft: Draft) -> None:
        draft.extra = [(name.upper(), value) for name, value in draft.headers]

    assert faults(ce_type, twice) == []


@every_type
def test_whose_identity_is_ambiguous_is_a_dead_letter(ce_type: str) -> None:
    for header in ("ce_id", "ce_source"):
        assert faults(ce_type, also(header)) == [f"header {header} has two different values"]


@pytest.mark.parametrize(
    ("topic", "source"),
    [
        ("desk.submissions", "/agents/console"),
        ("desk.submissions", "/services/inquiry_intake"),
        ("desk.agent-actions", "/channels/web"),
        ("registry.contracts", "/billing"),
        ("billing.invoices", "/registry"),
        ("desk.timers", "/channels/web"),
        ("desk.cancellations", "/services/inquiry_intake"),
        ("desk.cancellation-requests", "/services/cancellation"),
        ("desk.outcomes", "/agents"),
        ("desk.operations", "/channels/web"),
        ("desk.customers", "/services/notification"),
    ],
)
def test_a_source_that_the_topic_does_not_take_is_refused(topic: str, source: str) -> None:
    ce_type = next(type_ for type_ in TYPES if TOPIC_OF[type_].name == topic)

    assert faults(ce_type, lambda draft: draft.head("ce_source", source.encode())) in (
        [f"ce_source is not one that {topic} takes"],
        ["ce_source: source_not_allowed"],
    )


@pytest.mark.parametrize(
    ("topic", "source"),
    [
        ("desk.submissions", "/channels/web"),
        ("desk.submissions", "/services/customer_portal"),
        ("desk.agent-actions", "/agents"),
        ("desk.agent-actions", "/agents/console"),
        ("desk.agent-actions", "/services/operations_console"),
        ("registry.contracts", "/registry/eu"),
        ("billing.invoices", "/billing"),
        ("desk.operations", "/desk/command"),
        ("desk.operations", "/services/operations_console"),
        ("desk.timers", "/services/contract_archive"),
    ],
)
def test_a_source_of_the_topic_is_taken(topic: str, source: str) -> None:
    ce_type = next(type_ for type_ in TYPES if TOPIC_OF[type_].name == topic)

    assert faults(ce_type, lambda draft: draft.head("ce_source", source.encode())) == []


def test_a_setting_says_which_sources_a_topic_takes() -> None:
    taken = record("billing.invoice_paid.v1", lambda draft: draft.head("ce_source", b"/ledger"))
    allowed = {"billing.invoices": ("/ledger",)}

    assert isinstance(codec.read(taken, allowed).message.data, Event)
    with pytest.raises(Unreadable):
        codec.read(record("billing.invoice_paid.v1"), allowed)


def test_every_topic_says_whom_it_takes_records_from() -> None:
    """The writers of a topic without sources of its own are services, so it takes theirs."""
    services = {INTAKE, CANCELLATION, ARCHIVE, NOTIFICATION}
    silent = [topic for topic in CATALOGUE if not topic.sources]

    assert all(set(topic.written_by) <= services for topic in silent)


def under(key: bytes | None) -> Callable[[Draft], None]:
    def moved(draft: Draft) -> None:
        draft.key = key

    return moved


@pytest.mark.parametrize("ce_type", STRICT)
def test_a_record_under_another_key_than_its_own_is_refused(ce_type: str) -> None:
    for key in (None, b"", b"another", b"\xff"):
        assert faults(ce_type, under(key))[0].startswith("key is "), key


@pytest.mark.parametrize("ce_type", STRICT)
def test_structured_mode_is_refused_by_name(ce_type: str) -> None:
    def structured(draft: Draft) -> None:
        draft.headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

    [fault] = faults(ce_type, structured)
    assert "structured mode" in fault


BODY = json.dumps(draft_of("submission.inquiry.v1").fields).encode()
NESTED_HALF = b'{"a":"\\ud800","b":%s}' % (b"[" * 900 + b"]" * 900)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda d: d.head("ce_type", b"submission.complaint.v1"), "ce_type: unknown_type"),
        (lambda d: d.head("ce_type", b"inquiry.opened.v1"), "ce_type: unknown_type"),
        (lambda d: d.head("ce_type", None), "ce_type: missing"),
        (lambda d: d.head("ce_type", b"\xff"), "ce_type: wrong_format"),
        (lambda d: d.head("ce_specversion", b"0.3"), "ce_specversion: not_allowed"),
        (lambda d: d.head("ce_source", b"/billing"), "ce_source: source_not_allowed"),
        (lambda d: d.head("content-type", b"text/plain"), "content-type: not_allowed"),
        (
            lambda d: d.head("content-type", b"application/cloudevents+json"),
            "content-type: structured_mode",
        ),
        (lambda d: setattr(d, "value", b"{"), "data: not_json"),
        (lambda d: setattr(d, "value", b""), "data: not_json"),
        (lambda d: setattr(d, "value", BODY.decode().encode("utf-16")), "data: not_json"),
        (lambda d: setattr(d, "value", b"[" * 100_000), "data: not_json"),
        (lambda d: setattr(d, "value", NESTED_HALF), "data: not_json"),
        (lambda d: setattr(d, "value", b'{"a":"\\ud800","n":NaN}'), "data: not_json"),
        (
            lambda d: setattr(d, "value", b'{"a":"\\ud800","n":%s}' % (b"9" * 5_000)),
            "data: not_json",
        ),
        (
            lambda d: setattr(d, "value", b'{"a":"\\ud800","l":[%s0]}' % (b"[]," * 1_000)),
            "data: not_json",
        ),
        (lambda d: setattr(d, "value", b"[]"), "data: not_an_object"),
        (lambda d: setattr(d, "value", b" " * 262_145 + BODY), "data: too_large"),
        (lambda d: setattr(d, "key", b"C-9"), "key: wrong_key"),
        (lambda d: d.fields.update(text="a\ud800b"), "text: wrong_format"),
        (lambda d: d.fields.update(contact={"name": "\udc00"}), "contact.name: wrong_format"),
        (lambda d: d.fields.update(text=2**63), "text: too_large"),
    ],
)
def test_what_can_be_answered_is_a_message_with_its_faults(
    spoil: Callable[[Draft], None], expected: str
) -> None:
    read = codec.read(record("submission.inquiry.v1", spoil))

    assert isinstance(read.message.data, Unchecked)
    assert read.message.id == "id-1"
    assert faults("submission.inquiry.v1", spoil) == [expected]


def test_a_faulty_member_hides_no_other() -> None:
    contact = {"name": "\ud800", "email": "ana@ejemplo.es", "a\u00f1o": ["\ud800"]}
    spoil = record("submission.inquiry.v1", lambda d: d.fields.update(contact=contact))
    data = codec.read(spoil).message.data
    assert isinstance(data, Unchecked)

    assert [fault.field for fault in data.faults] == ["contact.?.0", "contact.name"]
    assert data.fields["contact"] is WITHHELD  # an illegible name: nobody knows which member

    del contact["a\u00f1o"]
    spoil = record("submission.inquiry.v1", lambda d: d.fields.update(contact=contact))
    data = codec.read(spoil).message.data
    assert isinstance(data, Unchecked)
    assert data.fields["contact"] == {"name": WITHHELD, "email": "ana@ejemplo.es"}


def test_every_fault_of_the_record_is_a_fault_of_the_message() -> None:
    def spoil(draft: Draft) -> None:
        draft.head("ce_specversion", b"2.0")
        draft.head("ce_source", b"/agents")
        draft.key = b"C-9"

    assert faults("submission.inquiry.v1", spoil) == [
        "ce_specversion: not_allowed",
        "ce_source: source_not_allowed",
        "key: wrong_key",
    ]


def test_a_structured_submission_is_answered_by_the_id_within_it() -> None:
    def structured(draft: Draft) -> None:
        draft.headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
        event = {"specversion": "1.0", "id": "s-1", "source": "/channels/web", "data": draft.fields}
        draft.value = json.dumps(event).encode()

    message = codec.read(record("submission.inquiry.v1", structured)).message
    assert (message.source, message.id) == ("/channels/web", "s-1")
    assert isinstance(message.data, Unchecked)
    assert [fault.code for fault in message.data.faults] == ["structured_mode"]


@pytest.mark.parametrize(
    ("spoil", "reason", "error"),
    [
        (lambda d: d.drop("ce_id"), Reason.UNREADABLE, "header ce_id is missing"),
        (lambda d: d.drop("ce_source"), Reason.UNREADABLE, "header ce_source is missing"),
        (
            lambda d: d.head("ce_source", b"/channels/web s"),  # with id 1: not /channels/web, s 1
            Reason.UNREADABLE,
            "header ce_source is not 1 to 255 printable characters without blanks",
        ),
        (lambda d: setattr(d, "key", None), Reason.UNREADABLE, "key is missing"),
        (lambda d: setattr(d, "key", b"\xff"), Reason.UNREADABLE, "key is not UTF-8"),
    ],
)
def test_what_nobody_could_be_answered_about_is_a_dead_letter(
    spoil: Callable[[Draft], None], reason: Reason, error: str
) -> None:
    with pytest.raises(Unreadable) as fault:
        codec.read(record("submission.inquiry.v1", spoil))
    assert (fault.value.reason, fault.value.error) == (reason, error)
