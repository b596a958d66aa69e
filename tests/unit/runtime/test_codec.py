"""Reading records that anyone may have written, and writing ones that are always the same."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import Unchecked, caused_event_id, message_uuid
from shared.events.internal import KeyForgotten
from shared.runtime import codec
from shared.runtime.faults import Unreadable
from shared.runtime.reason import Reason
from tests.builders.examples import examples

TYPE = "submission.inquiry.v1"
Header = tuple[str, bytes | None]


@dataclass
class RawRecord:
    value: bytes | None = b"{}"
    headers: list[Header] = field(default_factory=list)
    topic: str = "desk.submissions"
    partition: int = 0
    offset: int = 0
    key: bytes | None = b"C-1"
    timestamp: int = -1
    timestamp_type: int | None = None


def headers(**changed: bytes | None) -> list[Header]:
    sound: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"id-1",
        "ce_source": b"/channels/web",
        "ce_type": TYPE.encode(),
        "content-type": b"application/json",
    }
    return list((sound | changed).items())


def test_a_sound_submission_is_handed_over_unchecked() -> None:
    read = codec.read(RawRecord(b'{"customer_id": 7}', headers()))
    assert read.message.data == Unchecked(TYPE, {"customer_id": 7})
    assert (read.message.source, read.message.id, read.message.key) == (
        "/channels/web",
        "id-1",
        "C-1",
    )


@pytest.mark.parametrize(
    ("timestamp", "timestamp_type", "broker_time"),
    [
        (1_795_785_629_992, 1, datetime(2026, 11, 27, 13, 20, 29, 992_000, UTC)),
        (1_795_785_629_992, 0, None),
        (1_795_785_629_992, None, None),
        (2**63 - 1, 1, None),
    ],
)
def test_only_a_time_that_the_broker_stamped_is_the_brokers(
    timestamp: int, timestamp_type: int | None, broker_time: datetime | None
) -> None:
    record = RawRecord(headers=headers(), timestamp=timestamp, timestamp_type=timestamp_type)
    assert codec.read(record).message.broker_time == broker_time


REGISTERED = {
    "contract_number": "K-1",
    "customer_id": "C-1",
    "type": "monthly_licence",
    "title": "Licencia",
    "starts_on": "2026-01-01",
    "auto_renewal": False,
}


def registered(
    value: bytes | None = json.dumps(REGISTERED).encode(), /, **changed: Any
) -> RawRecord:
    """A record of the contract registry, sound unless its value, key or headers are `changed`."""
    key = changed.pop("key", b"K-1")
    sound = {"ce_source": b"/registry", "ce_type": b"registry.contract_recorded.v1"}
    return RawRecord(value, headers(**(sound | changed)), topic="registry.contracts", key=key)


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (registered(ce_id=b""), "header ce_id is missing"),
        (registered(ce_id=None), "header ce_id is missing"),
        (registered(ce_id=b"x" * 256), "header ce_id is not 1 to 255 printable characters"),
        (registered(ce_id=b"a\nb"), "header ce_id is not 1 to 255 printable characters"),
        (registered(ce_id=b"\xff"), "header ce_id is not 1 to 255 printable characters"),
        (registered(ce_specversion=b"0.3"), "header ce_specversion is not 1.0"),
        (
            registered(**{"content-type": b"text/plain"}),
            "header content-type is not application/json",
        ),
        (
            registered(**{"content-type": b"application/cloudevents+json; charset=UTF-8"}),
            "structured mode (application/cloudevents) is not read: send binary mode",
        ),
        (registered(ce_time=b"yesterday"), "header ce_time is not an RFC 3339 instant"),
        (registered(ce_source=b"/billing"), "ce_source is not one that registry.contracts takes"),
        (registered(key=None), "key is missing"),
        (registered(key=b""), "key is missing"),
        (registered(key=b"\xff"), "key is not UTF-8"),
        (registered(key=b"K-2"), "key is not the one that the data has"),
        (registered(None), "no value (a tombstone)"),
        (registered(b""), "value is not JSON in UTF-8"),
        (registered(b'{"a": 1e'), "value is not JSON in UTF-8"),
        (registered(b'{"a": Infinity}'), "value is not JSON in UTF-8"),
        (registered(b'{"a": "\\ud800"}'), "value is not JSON in UTF-8"),
        (registered(b'{"a": ' + b"9" * 5_000 + b"}"), "value is not JSON in UTF-8"),
        (registered(b"[" * 10_000 + b"]" * 10_000), "value is not JSON in UTF-8"),
        (registered(b'"text"'), "value is not a JSON object"),
    ],
)
def test_an_unreadable_record_names_its_fault(record: RawRecord, error: str) -> None:
    with pytest.raises(Unreadable) as fault:
        codec.read(record)
    assert (fault.value.reason, fault.value.error) == (Reason.UNREADABLE, error)


ARCHIVE, A_CHANNEL = "/services/contract_archive", "/channels/scanners"
KEPT = {
    "document_id": "d-1",
    "customer_id": "C-1",
    "media_type": "application/pdf",
    "size": 1,
    "sha256": "ab" * 32,
}


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        (ARCHIVE, True),
        (f"{ARCHIVE}/worker", True),
        (A_CHANNEL, False),
        ("/services/customer_portal", False),
        (f"{ARCHIVE}2", False),
    ],
)
@pytest.mark.parametrize("overridden", [False, True])
def test_only_the_archive_says_what_it_keeps(
    source: str, *, allowed: bool, overridden: bool
) -> None:
    head = headers(ce_source=source.encode(), ce_type=b"document.kept.v1")
    record = RawRecord(json.dumps(KEPT).encode(), head, topic="desk.documents", key=b"d-1")
    sources = {"desk.documents": ("/channels/", ARCHIVE)} if overridden else {}

    if allowed:
        assert codec.read(record, sources).message.type == "document.kept.v1"
        return
    with pytest.raises(Unreadable, match="ce_source is not one that"):
        codec.read(record, sources)


@pytest.mark.parametrize(
    ("key", "forgotten"), [(b"C-1", "C-1"), (b" C-1 ", "C-1"), (None, ""), (b"\xff", "")]
)
def test_a_tombstone_on_a_compacted_topic_needs_no_headers_and_means_forget_this_key(
    key: bytes | None, forgotten: str
) -> None:
    message = codec.read(RawRecord(None, topic="desk.customers", key=key, offset=7)).message
    assert message.data == KeyForgotten(topic="desk.customers", key=forgotten)
    assert (message.source, message.id) == ("/topics/desk.customers", "0-7--1")


def test_a_tombstone_on_the_submissions_is_answered_as_no_json() -> None:
    data = codec.read(RawRecord(None, headers())).message.data
    assert isinstance(data, Unchecked)
    assert [tuple(fault) for fault in data.faults] == [("data", "not_json")]


def test_a_faulty_event_of_an_upstream_system_names_every_field_but_no_value() -> None:
    body = json.dumps({"contract_number": "K 1", "customer_id": "secret name", "type": "x"})
    with pytest.raises(Unreadable) as fault:
        codec.read(registered(body.encode()))
    assert fault.value.error == (
        "contract_number: string_pattern_mismatch; customer_id: string_pattern_mismatch; "
        "title: missing; starts_on: missing; auto_renewal: missing"
    )


def test_the_same_body_formatted_otherwise_has_the_same_digest() -> None:
    first = codec.read(RawRecord(b'{"a": 1, "b": 2}', headers()))
    second = codec.read(RawRecord(b'{"b":2,"a":1}', headers()))
    other = codec.read(RawRecord(b'{"b":2,"a":2}', headers()))
    assert first.digest == second.digest
    assert first.digest != other.digest


def test_a_repeat_with_a_field_that_nobody_reads_says_the_same() -> None:
    fields = {"customer_id": "C-1", "subject": "Duda"}
    first = codec.read(RawRecord(json.dumps(fields).encode(), headers()))
    traced = codec.read(RawRecord(json.dumps({**fields, "x_trace": "7"}).encode(), headers()))
    other = codec.read(RawRecord(json.dumps({**fields, "text": "Hola"}).encode(), headers()))

    assert first.digest != traced.digest
    assert first.meaning == traced.meaning
    assert first.meaning != other.meaning


def test_an_event_is_written_the_same_at_every_repeat() -> None:
    data = {"inquiry_id": "i-1", "by": "desk"}

    def write() -> codec.Envelope:
        return codec.envelope(
            "id",
            "inquiry.closed.v1",
            data,
            source="/services/inquiry_intake",
            subject="i-1",
            at=datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            causation_id="c",
            correlation_id=None,
            traceparent=None,
        )

    written = write()
    assert written == write()
    assert (written.topic, written.key) == ("desk.inquiries", "i-1")
    assert dict(written.headers)["ce_time"] == b"2026-03-29T01:30:00.000Z"
    assert "ce_correlationid" not in dict(written.headers)


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@examples(300)
@given(
    value=st.none() | st.binary(max_size=200) | any_json.map(lambda v: json.dumps(v).encode()),
    extra=st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=20)), max_size=4),
    kept=st.sets(st.sampled_from([name for name, _ in headers()])),
    key=st.none() | st.binary(max_size=20),
)
def test_any_record_is_either_read_or_unreadable(
    value: bytes | None, extra: list[Header], kept: set[str], key: bytes | None
) -> None:
    found = [header for header in headers() if header[0] in kept]
    with contextlib.suppress(Unreadable):
        data = codec.read(RawRecord(value, [*found, *extra], key=key)).message.data
        assert isinstance(data, Unchecked)
        assert data.ce_type == TYPE or data.faults


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_an_events_bytes_are_compact_json_for_ever(data: dict[str, Any]) -> None:
    """A history written by an earlier release is published again with the same bytes."""
    data |= {"customer_id": "C-1", "contract_number": "K-1", "inquiry_id": "i-1"}
    made = codec.envelope(
        "id-1",
        "cancellation.scheduled.v1",
        data,
        source="/services/cancellation",
        subject="K-1",
        at=datetime(2026, 1, 1, 12, 0, 0, 123_000, UTC),
        causation_id="c-1",
        correlation_id=None,
        traceparent=None,
    )
    assert made.value == json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    assert dict(made.headers)["ce_time"] == b"2026-01-01T12:00:00.123Z"


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_messages_identity_is_its_uuid5(source: str, message_id: str) -> None:
    assert message_uuid(source, message_id) == uuid5(NAMESPACE_URL, f"{source} {message_id}")


@given(st.uuids(), st.text(max_size=20), st.integers(1, 99))
def test_a_caused_events_id_is_its_uuid5(cause: UUID, owner: str, index: int) -> None:
    assert caused_event_id(cause, owner, index) == str(uuid5(cause, f"{owner} {index}"))
