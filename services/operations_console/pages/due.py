"""The page of due work: timers, and mails and documents to be made or retried."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from services.operations_console.console import Console
from shared.operations.durations import duration
from shared.operations.service_client import ServiceClient, ServiceError
from shared.runtime.operations.answers import DueRecord
from shared.web.pages import Visit
from shared.web.sessions import Operator

MOST_SHOWN = 100
"""Rows per service, the earliest due first."""


@dataclass(frozen=True, slots=True)
class DueRow:
    """A record that acts by itself at `at`. `late`: since when it is due, or in how long."""

    service: str
    kind: str
    id: str
    is_timer: bool
    at: datetime
    late: bool
    time: str


async def due(console: Console, visit: Visit, _operator: Operator) -> Response:
    """The earliest first; what is past its time above all."""
    async with console.owners.asked() as services:
        asked = await asyncio.gather(*(_due(it) for it in services.values()))
    now = console.now()
    silent = [it for it in asked if isinstance(it, ServiceError)]
    found = [
        shown_due(name, record, now, visit)
        for name, told in zip(services, asked, strict=True)
        if not isinstance(told, ServiceError)
        for record in told
    ]
    return visit.show("due.html", silent=silent, rows=sorted(found, key=lambda it: it.at), now=now)


async def _due(service: ServiceClient) -> tuple[DueRecord, ...] | ServiceError:
    try:
        return (await service.due(MOST_SHOWN)).items
    except ServiceError as error:
        return error


def shown_due(service: str, record: DueRecord, now: datetime, visit: Visit) -> DueRow:
    """How late a record is, or in how long it falls due."""
    late = record.at <= now
    time = duration(abs((now - record.at).total_seconds()), visit.language)
    is_timer = record.what == "timer"
    return DueRow(service, record.kind, record.id, is_timer, record.at, late, time)
