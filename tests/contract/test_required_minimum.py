"""The published page of the contract, as transcribed by hand, against the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from desk.contract_docs.minimum import EVENTS, LENIENT, TOPICS, Fields, TopicEntry
from desk.contract_docs.schemas import event_schemas
from desk.contract_docs.words import spoken
from shared.events import topics, values
from shared.events.contracts import ContractType
from shared.events.submissions import ContractNumbers
from shared.events.topics import SERVICES
from shared.runtime.codec import MAX_RECORD_BYTES
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.reason import Reason
from tests.contract.minimum_values import (
    CLOSED_SETS,
    COMPACTED,
    CONTRACT_TYPES,
    DEAD_LETTER_HEADERS,
    DEAD_LETTER_REASONS,
    NESTED,
    NEVER_PRESENT,
    NOT_YET_READ,
)

SCHEMAS = event_schemas()
DEFS = {name: part for schema in SCHEMAS.values() for name, part in schema.get("$defs", {}).items()}
ROWS = [
    (topic, ce_type, fields) for topic, types in EVENTS.items() for ce_type, fields in types.items()
]

every_topic = pytest.mark.parametrize(("topic", "route"), TOPICS.items(), ids=list(TOPICS))
every_event = pytest.mark.parametrize(
    ("topic", "ce_type", "fields"), ROWS, ids=[ce_type for _, ce_type, _ in ROWS]
)
every_event_from_outside = pytest.mark.parametrize(
    ("ce_type", "fields"),
    [
        pytest.param(ce_type, fields, id=ce_type)
        for topic, ce_type, fields in ROWS
        if not set(topics.TOPICS[topic].written_by) & set(SERVICES)
    ],
)


@dataclass
class UnreadableRecord:
    topic: str = "desk.submissions"
    partition: int = 3
    offset: int = 17
    key: bytes | None = b"C-1001"
    value: bytes | None = b"{"
    headers: Sequence[tuple[str, bytes | None]] = (("ce_id", b"W-2026-000101"),)
    timestamp: int = -1
    timestamp_type: int | None = None


def required(schema: dict[str, Any]) -> set[str]:
    return set(schema.get("required", ()))


def choices(owner: str, field: str) -> list[str]:
    schema = SCHEMAS[owner] if owner in SCHEMAS else DEFS[owner]
    part = schema["properties"][field]
    part = part.get("items", part)
    part = DEFS[part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else part
    return list(part["enum"])


@every_topic
def test_a_topic_has_the_key_the_writers_and_the_readers_of_the_page(
    topic: str, route: TopicEntry
) -> None:
    actual = topics.TOPICS[topic]
    assert actual.key == route.key
    assert set(route.written_by) <= {spoken(name) for name in actual.written_by}
    not_yet = {reader for name, reader in NOT_YET_READ if name == topic}
    assert set(route.read_by) - not_yet <= {spoken(name) for name in actual.read_by}
    assert not_yet.isdisjoint(spoken(name) for name in actual.read_by)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_subscribes_to_a_topic_that_it_does_nothing_with(service: str) -> None:
    unread = {topic for topic, reader in NOT_YET_READ if reader == spoken(service)}
    assert unread.isdisjoint(topics.topics_read_by(service))


def test_every_topic_of_the_page_is_in_the_catalogue() -> None:
    assert TOPICS.keys() <= topics.TOPICS.keys()


KEPT = {
    timedelta(days=3 * 365): {"desk.cancellations"},
    timedelta(days=365): {
        "registry.contracts",
        "billing.invoices",
        "billing.accounts",
        "orders.orders",
        "desk.contracts",
        "desk.operations",
        "desk.dead-letters",
    },
}
"""Topics of later dates, audit trails and dead letters by retention; the others keep 30 days."""


@pytest.mark.parametrize(
    "topic", [it for it in topics.CATALOGUE if not it.compacted], ids=lambda it: it.name
)
def test_a_topic_is_kept_as_long_as_the_page_says(topic: topics.Topic) -> None:
    kept = next((span for span, names in KEPT.items() if topic.name in names), timedelta(days=30))
    assert topic.retention == kept


def test_the_compacted_topics_are_those_of_the_page() -> None:
    assert tuple(topic.name for topic in topics.CATALOGUE if topic.compacted) == COMPACTED


@every_event
def test_an_event_is_on_the_pages_topic_with_the_pages_fields(
    topic: str, ce_type: str, fields: Fields
) -> None:
    schema = SCHEMAS[ce_type]
    assert topics.TOPIC_OF[ce_type].name == topic
    assert set(fields.required.split()) <= required(schema)
    never = {field for owner, field in NEVER_PRESENT if owner == ce_type}
    assert set(fields.optional.split()) - never <= set(schema["properties"])


@every_event_from_outside
def test_nothing_is_required_of_an_outsider_but_what_the_page_says(
    ce_type: str, fields: Fields
) -> None:
    assert required(SCHEMAS[ce_type]) == set(fields.required.split())


@pytest.mark.parametrize(("place", "expected"), CLOSED_SETS.items(), ids=map(".".join, CLOSED_SETS))
def test_a_closed_set_has_the_pages_members(place: tuple[str, str], expected: str) -> None:
    assert choices(*place) == expected.split()


@pytest.mark.parametrize(("name", "fields"), NESTED.items(), ids=list(NESTED))
def test_a_nested_value_has_the_pages_fields(name: str, fields: Fields) -> None:
    lenient = {field for owner, field in LENIENT if owner == name}
    named = {*fields.required.split(), *fields.optional.split()}
    assert set(DEFS[name]["properties"]) == named
    assert required(DEFS[name]) == set(fields.required.split()) - lenient


def test_the_contract_types_that_select_a_policy_are_those_of_the_page() -> None:
    assert [str(kind) for kind in ContractType] == CONTRACT_TYPES.split()


def test_the_dead_letters_reasons_are_those_of_the_page() -> None:
    assert [str(reason) for reason in Reason] == DEAD_LETTER_REASONS.split()


def test_a_dead_letter_has_the_original_headers_and_those_of_the_page() -> None:
    at = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    letter = DeadLetter(UnreadableRecord(), "inquiry_intake", Reason.UNREADABLE, "not JSON", at)
    assert [name for name, _ in letter.headers] == ["ce_id", *DEAD_LETTER_HEADERS.split()]


@pytest.mark.parametrize("customer_id", ["C", "C-1001", "a.b_c-9", "x" * 64])
def test_a_customer_id_is_1_to_64_of_the_pages_characters(customer_id: str) -> None:
    assert TypeAdapter(values.CustomerId).validate_python(customer_id) == customer_id


@pytest.mark.parametrize("customer_id", ["", "x" * 65, "C 1", "C/1", "ñ", "C-\n1001", 7])
def test_any_other_customer_id_is_refused(customer_id: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(values.CustomerId).validate_python(customer_id)


def test_a_text_is_at_most_10_000_characters() -> None:
    text: TypeAdapter[str] = TypeAdapter(values.Text)
    assert text.validate_python("ñ" * 10_000)
    with pytest.raises(ValidationError, match="at most 10000"):
        text.validate_python("ñ" * 10_001)


@pytest.mark.parametrize("amount", [1, 50])
def test_a_cancellation_lists_1_to_50_contracts(amount: int) -> None:
    assert TypeAdapter(ContractNumbers).validate_python(["ML-3001"] * amount)


@pytest.mark.parametrize("amount", [0, 51])
def test_a_cancellation_lists_no_other_number_of_contracts(amount: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ContractNumbers).validate_python(["ML-3001"] * amount)


def test_a_record_is_at_most_256_kib() -> None:
    assert MAX_RECORD_BYTES == 262_144


@pytest.mark.parametrize("instant", ["2026-03-10T09:00:00", "2026-03-10", "ayer"])
def test_an_instant_without_an_offset_is_refused(instant: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(values.Instant).validate_python(instant)


def test_an_amount_of_money_is_a_decimal_string_on_the_wire() -> None:
    money = values.Money.model_validate({"amount": "123.40", "currency": "EUR"})
    assert money.model_dump(mode="json") == {"amount": "123.40", "currency": "EUR"}
