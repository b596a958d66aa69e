"""One published record per event type: models, schemas and codec all agree with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from desk.contract_docs.asyncapi_parts import HEADERS
from desk.contract_docs.goldens import Golden, read_goldens
from shared.events.envelope import Event, Unchecked, message_uuid
from shared.events.reference import reference_of
from shared.events.topics import EVENT_TYPES, TOPIC_OF, key_of
from shared.runtime import codec

ROOT = Path(__file__).parents[2]
GOLDENS = read_goldens(ROOT)
FROM_SERVICES = sorted(
    ce_type for ce_type, it in GOLDENS.items() if it.headers["ce_source"].startswith("/services/")
)

every_type = pytest.mark.parametrize("ce_type", EVENT_TYPES)


@dataclass
class GoldenRecord:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    partition: int = 0
    offset: int = 0
    timestamp: int = -1
    timestamp_type: int | None = None


def record_of(golden: Golden) -> GoldenRecord:
    headers: list[tuple[str, bytes | None]] = [
        (name, value.encode()) for name, value in golden.headers.items()
    ]
    value = json.dumps(golden.value).encode()
    return GoldenRecord(golden.topic, golden.key.encode(), value, headers)


def event_of(ce_type: str) -> Event:
    return EVENT_TYPES[ce_type].model_validate(GOLDENS[ce_type].value)


def schema_of(ce_type: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "docs/schemas" / f"{ce_type}.json").read_text("utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


def without(ce_type: str, field: str) -> dict[str, Any]:
    value = GOLDENS[ce_type].value
    return {name: part for name, part in value.items() if name != field}


def required_of(ce_type: str) -> list[str]:
    fields = EVENT_TYPES[ce_type].model_fields
    return [name for name, field in fields.items() if field.is_required()]


def required_only(ce_type: str) -> dict[str, Any]:
    required, value = required_of(ce_type), GOLDENS[ce_type].value
    return {name: part for name, part in value.items() if name in required}


def test_every_event_type_has_an_example_and_every_example_an_event_type() -> None:
    assert set(GOLDENS) == set(EVENT_TYPES)


@every_type
def test_an_example_is_on_its_types_topic_under_its_events_key(ce_type: str) -> None:
    golden = GOLDENS[ce_type]
    assert golden.topic == TOPIC_OF[ce_type].name
    assert golden.key == key_of(event_of(ce_type))


@every_type
def test_an_examples_headers_are_those_of_the_envelope(ce_type: str) -> None:
    headers = GOLDENS[ce_type].headers
    Draft202012Validator(HEADERS).validate(headers)
    assert headers["ce_type"] == ce_type
    assert headers["ce_time"].endswith("Z")
    assert set(headers) <= set(HEADERS["properties"])


@pytest.mark.parametrize("ce_type", FROM_SERVICES)
def test_a_services_event_has_a_deterministic_id(
    ce_type: str,
) -> None:
    assert UUID(GOLDENS[ce_type].headers["ce_id"]).version == 5


@every_type
def test_an_example_written_again_is_exactly_the_example(ce_type: str) -> None:
    assert codec.dump(event_of(ce_type)) == GOLDENS[ce_type].value


@every_type
def test_an_example_follows_its_json_schema(ce_type: str) -> None:
    schema_of(ce_type).validate(GOLDENS[ce_type].value)


@every_type
def test_the_codec_reads_an_example(ce_type: str) -> None:
    golden = GOLDENS[ce_type]
    message = codec.read(record_of(golden)).message
    assert message.data in (event_of(ce_type), Unchecked(ce_type, golden.value))
    assert message.key == golden.key
    assert (message.source, message.id) == (golden.headers["ce_source"], golden.headers["ce_id"])


@every_type
def test_unknown_fields_are_ignored(ce_type: str) -> None:
    newer = {**GOLDENS[ce_type].value, "added_in_a_later_version": {"any": ["thing"]}}
    schema_of(ce_type).validate(newer)
    assert EVENT_TYPES[ce_type].model_validate(newer) == event_of(ce_type)


@every_type
def test_the_required_fields_are_enough(ce_type: str) -> None:
    schema_of(ce_type).validate(required_only(ce_type))
    EVENT_TYPES[ce_type].model_validate(required_only(ce_type))


@every_type
def test_a_missing_required_field_is_refused(ce_type: str) -> None:
    for field in required_of(ce_type):
        with pytest.raises(ValidationError, match=f"{field}\n  Field required"):
            EVENT_TYPES[ce_type].model_validate(without(ce_type, field))


@every_type
def test_a_missing_required_field_breaks_the_json_schema(ce_type: str) -> None:
    schema = schema_of(ce_type)

    assert [it for it in required_of(ce_type) if schema.is_valid(without(ce_type, it))] == []


def test_the_examples_tell_one_customers_story() -> None:
    customers = {it.value["customer_id"] for it in GOLDENS.values() if "customer_id" in it.value}
    assert customers == {"C-1001"}


def test_the_opened_inquirys_ids_are_made_of_its_submission() -> None:
    submission = GOLDENS["submission.cancellation.v1"].headers
    opened = GOLDENS["inquiry.opened.v1"]
    inquiry_id = message_uuid(submission["ce_source"], submission["ce_id"])
    assert opened.value["submission_id"] == submission["ce_id"]
    assert opened.value["inquiry_id"] == str(inquiry_id)
    assert opened.value["reference"] == reference_of(inquiry_id)
    assert opened.headers["ce_causationid"] == submission["ce_id"]
    assert opened.headers["ce_correlationid"] == submission["ce_id"]
