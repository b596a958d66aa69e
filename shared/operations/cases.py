"""A case: an inquiry, and everything that happened to what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.operations.inquiries import inquiry_named
from shared.operations.service_client import ServiceClient
from shared.runtime.operations.answers import History, HistoryEntry, RecordedEvent

FILE = "file"
OPENED = "inquiry.opened.v1"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, and the service that recorded it; `at` is timezone-aware."""

    at: datetime
    service: str
    ce_type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """An inquiry: where it stands, and everything that happened, oldest first."""

    record: History
    moments: Sequence[Moment]

    @property
    def state(self) -> Mapping[str, Any]:
        """As stored; empty where messages came but nothing happened."""
        return self.record.state or {}

    @property
    def opened(self) -> Mapping[str, Any]:
        """The data of its opening; empty for a submission that opened none."""
        return next((m.data for m in self.moments if m.ce_type == OPENED), {})


async def read_case(named: str, intake: ServiceClient, cancellation: ServiceClient) -> Case:
    """The case of a reference, an inquiry's id or its submission's id.

    Raises `NoSuchInquiry`, `ServiceError`.
    """
    record = await inquiry_named(intake, named)
    moments = list(_moments(record))
    for number in Case(record, moments).opened.get("contract_numbers", ()):
        moments += await _decisions(cancellation, number, record.id)
    moments.sort(key=lambda moment: moment.at)
    return Case(record, moments)


async def _decisions(cancellation: ServiceClient, number: str, inquiry_id: str) -> list[Moment]:
    """The contract's cancellation file, as far as it concerns this inquiry."""
    file = await cancellation.history(FILE, number)
    return [
        moment
        for moment in (_moments(file) if file else ())
        if inquiry_id in (moment.data.get("inquiry_id"), moment.data.get("answers_inquiry_id"))
    ]


def _moments(record: History) -> Iterator[Moment]:
    for entry in record.entries:
        for event in entry.events:
            if not _repeats_decision(entry, event):
                yield Moment(entry.at, record.service, event.type, event.data)


def _repeats_decision(entry: HistoryEntry, event: RecordedEvent) -> bool:
    """Intake's progress repeats the decision that the cancellation file tells with its dates."""
    return entry.topic == "desk.cancellations" and event.type == "inquiry.progressed.v1"
