"""Which files a restored database lacks: those that outcomes say were kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.events.envelope import Event
from shared.events.internal import (
    AttachmentChecked,
    AttachmentsDeleted,
    DocumentNotPrintable,
    DocumentStored,
)
from shared.mongo.client import File
from shared.runtime import codec, lost_files
from shared.runtime.decider import Service
from tests.builders.archive_files import Files

OUTCOMES = "desk.outcomes"
ARCHIVE = "/services/contract_archive"


@dataclass(frozen=True)
class Outcome:
    """A record on the topic of outcomes."""

    value: bytes
    headers: Sequence[tuple[str, bytes]]
    key: bytes = b"K-1"
    topic: str = OUTCOMES
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    timestamp_type: int | None = None


def outcome(event: Event, source: str = ARCHIVE) -> Outcome:
    made = codec.envelope(
        "an id",
        event.ce_type,
        codec.dump(event),
        source=source,
        subject="K-1",
        at=datetime(2027, 3, 1, tzinfo=UTC),
        causation_id=None,
        correlation_id=None,
        traceparent=None,
    )
    return Outcome(made.value, made.headers, made.key.encode(), made.topic)


def made(document_id: str) -> DocumentStored:
    return DocumentStored(contract_number="K-1", document_id=document_id, sha256="00")


RECORDS = [
    outcome(made("kept")),
    outcome(made("lost")),
    outcome(made("lost")),
    outcome(made("of a stranger"), source="/channels/web"),
    outcome(DocumentNotPrintable(contract_number="K-1", document_id="refused")),
    Outcome(b"no JSON", [("ce_type", b"document.stored.v1")]),
]


async def lost(monkeypatch: pytest.MonkeyPatch, service: Service) -> list[str]:
    async def records_on(_settings: Any, topics: Sequence[str]) -> AsyncIterator[Outcome]:
        assert topics == [OUTCOMES]
        for record in RECORDS:
            yield record

    monkeypatch.setattr(lost_files, "records_on", records_on)
    files = Files()
    files.kept["kept"] = File(b"", {})
    return await lost_files.files_lost(service, Settings(), files.database)


async def test_each_document_that_was_stored_and_is_not_there_is_named_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reports from others than the archive, and unreadable ones, say nothing of its files."""
    assert await lost(monkeypatch, build(Settings())) == ["document lost of contract K-1"]


async def test_a_file_that_was_taken_away_with_its_customer_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = [outcome(AttachmentChecked(document_id=it, kept=True)) for it in ("a-1", "a-2")]
    deleted = outcome(AttachmentsDeleted(customer_id="K-1", document_ids=("a-1",)))
    monkeypatch.setattr(f"{__name__}.RECORDS", [deleted, *checked])

    assert await lost(monkeypatch, build(Settings())) == ["attachment a-2"]


async def test_a_service_that_keeps_no_files_lacks_none(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("seen", (), build(Settings()).route)

    assert await lost(monkeypatch, service) == []
