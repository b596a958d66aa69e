"""The queue's reminder on the real wire: intake's own clock wakes an inquiry, once."""

from __future__ import annotations

from datetime import UTC, datetime, time
from uuid import uuid4

from desk.local.stack import Endpoints
from services.inquiry_intake.inquiry.decide import Rules
from services.inquiry_intake.service import deciders, route
from shared.desk_hours.calendar import CalendarSettings, DeskCalendar, StaffedHours
from shared.events.envelope import message_uuid
from shared.events.topics import INTAKE
from shared.runtime.decider import Service
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

ALL_DAY = StaffedHours(opens=time(0), closes=time(23, 59, 59))
ALWAYS_OPEN = DeskCalendar(
    CalendarSettings(
        winter=ALL_DAY, summer=ALL_DAY, weekdays=range(1, 8), closed_every_year=frozenset()
    )
)
IN_A_SECOND = Rules(ALWAYS_OPEN, answer_target_hours=1 / 3600)


async def test_an_inquiry_past_its_target_is_told_on_its_topic_once(endpoints: Endpoints) -> None:
    name = f"overdue{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, clock_tick_seconds=0.1)
    body = {
        "customer_id": f"C-{name}",
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(),
        "request_type": "contracts",
        "subject": "Duda de prueba",
        "text": "¿Cuándo vence mi contrato?",
    }
    inquiry_id = str(message_uuid("/channels/test", name))
    async with (
        outsider(endpoints) as client,
        running(Service(INTAKE, deciders(IN_A_SECOND), route), settings) as runtime,
    ):
        told = await client.watch("desk.inquiries")
        headers = event_headers("submission.inquiry.v1", name)
        await client.publish("desk.submissions", body["customer_id"], body, headers)
        opened, overdue = await collect(told, 2, inquiry_id, within=90)
        history = await runtime.store.history("inquiry", inquiry_id)
        document = await runtime.database.collection("inquiry").find_one({"_id": inquiry_id})

    assert [headers_of(record)["ce_type"] for record in (opened, overdue)] == [
        "inquiry.opened.v1",
        "inquiry.overdue.v1",
    ]
    assert headers_of(overdue)["ce_correlationid"] == name
    assert [entry["topic"] for entry in history] == ["desk.submissions", "desk.timers"]
    assert document is not None
    assert "due_at" not in document
