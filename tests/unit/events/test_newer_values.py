"""A service that meets a word which only a newer release knows reads on, and passes it on as is."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from desk.contract_docs.goldens import Golden, read_goldens
from services.contract_archive.contract.state import ContractState
from services.inquiry_intake.inquiry.state import Inquiry
from shared.events.envelope import Event
from shared.events.newer import OpenToNewer
from shared.events.topics import CATALOGUE, SERVICES, TOPICS
from shared.events.values import Channel, ConsentPurpose, Evidence, Language, Period
from shared.runtime import codec
from shared.runtime.decider import Service
from tests.fakes.memory_stage import MemoryStage

GOLDENS = read_goldens(Path(__file__).parents[3])
NEWER = "of_a_newer_release"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@dataclass
class Record:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    partition: int = 0
    offset: int = 0
    timestamp: int = -1
    timestamp_type: int | None = None


def record_of(golden: Golden, ce_id: str, **changed: Any) -> Record:
    headers = [
        (name, value.encode()) for name, value in (golden.headers | {"ce_id": ce_id}).items()
    ]
    value = json.dumps(golden.value | changed).encode()
    return Record(golden.topic, golden.key.encode(), value, [*headers])


def words_of(event: type[Event]) -> Iterator[tuple[str, type[StrEnum]]]:
    """The fields that hold a word of a closed set, or several."""
    for name, field in event.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, StrEnum):
                yield name, kind


TOLD = [
    (topic, event)
    for topic in CATALOGUE
    if set(SERVICES).intersection(topic.written_by) and set(SERVICES).intersection(topic.read_by)
    for event in topic.events
]
FIELDS = [
    (event.ce_type, name, reader)
    for topic, event in TOLD
    for name, words in words_of(event)
    if issubclass(words, OpenToNewer)
    for reader in sorted(set(SERVICES).intersection(topic.read_by))
]


def service(name: str) -> Service:
    settings = importlib.import_module(f"services.{name}.settings").Settings()
    built: Service = importlib.import_module(f"services.{name}.service").build(settings)
    return built


def told_before(reader: str) -> Iterator[Record]:
    """The examples of what the service reads from other services, but for what is asked of it."""
    for ce_type, golden in GOLDENS.items():
        topic = TOPICS[golden.topic]
        asked = golden.topic.endswith("-requests")
        if (
            not asked
            and reader in topic.read_by
            and set(SERVICES).intersection(topic.written_by) - {reader}
        ):
            yield record_of(golden, f"before-{ce_type}")


@pytest.mark.parametrize(
    ("ce_type", "field", "reader"), FIELDS, ids=[" ".join(field) for field in FIELDS]
)
def test_a_word_of_a_newer_release_is_decided_and_kept(
    ce_type: str, field: str, reader: str
) -> None:
    reads = service(reader)
    stage = MemoryStage(reads, NOW)
    for record in told_before(reader):
        stage.process(record)
    newer = record_of(GOLDENS[ce_type], "newer", **{field: NEWER})
    stage.process(newer)
    message = codec.read(newer).message
    assert isinstance(message.data, Event)
    assert codec.dump(message.data)[field] == NEWER


def test_what_services_say_is_open_but_for_what_customers_chose_and_decisions_hang_on() -> None:
    closed = {
        words
        for _, event in TOLD
        for _, words in words_of(event)
        if not issubclass(words, OpenToNewer)
    }
    assert closed == {Channel, Language, Evidence, Period, ConsentPurpose}


@pytest.mark.parametrize(
    ("state", "field"),
    [(ContractState, "status"), (Inquiry, "kind"), (Inquiry, "closed_by")],
)
def test_a_records_own_state_with_such_a_word_is_not_guessed_at(state: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        state.model_validate({field: NEWER})
    assert (field,) in [fault["loc"] for fault in refused.value.errors()]
