"""The nights in which Madrid's clocks change: a day begins when it begins there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from desk.local.stack import Endpoints
from services.cancellation.service import FILE, build
from services.cancellation.settings import Settings
from shared.runtime.codec import Envelope
from tests.builders.cancellation import NUMBER, confirmed, contract
from tests.integration.runtime.bounded import Desk, desk_of

NIGHTS = {
    "the day of 23 hours": ("2026-03-29", "2026-03-28T23:00+00:00"),
    "the day after it": ("2026-03-30", "2026-03-29T22:00+00:00"),
    "the day of 25 hours": ("2026-10-25", "2026-10-24T22:00+00:00"),
    "the day after that": ("2026-10-26", "2026-10-25T23:00+00:00"),
}


def published(desk: Desk) -> list[str]:
    """The types of the decisions that billing has been told, in their order."""
    return [
        item.type
        for item in desk.outgoing
        if isinstance(item, Envelope) and item.topic == "desk.cancellations"
    ]


@pytest.mark.parametrize(("day", "begins"), NIGHTS.values(), ids=NIGHTS)
async def test_a_cancellation_takes_effect_when_its_day_begins_in_madrid(
    endpoints: Endpoints, day: str, begins: str
) -> None:
    begin = datetime.fromisoformat(begins)
    received = date.fromisoformat(day) - timedelta(days=30)
    async with desk_of(endpoints.mongo_url, build(Settings())) as desk:
        desk.now = datetime(received.year, received.month, received.day, 12, tzinfo=UTC)
        request = confirmed(f"{received} 12:00")
        await desk.process(desk.event(contract(), NUMBER), desk.event(request, NUMBER))
        assert (await desk.document(NUMBER, FILE))["due_at"] == begin

        desk.now = begin - timedelta(milliseconds=1)
        assert await desk.clock.tick() == 0
        desk.now = begin
        assert await desk.clock.tick() == 1
        await desk.process(*desk.timers())
        assert published(desk) == ["cancellation.scheduled.v1", "cancellation.took_effect.v1"]
