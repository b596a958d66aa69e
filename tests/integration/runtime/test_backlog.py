"""The metrics count parked and due records, on the real database."""

from __future__ import annotations

from datetime import timedelta

from desk.local.stack import Endpoints
from shared.runtime.health.backlog import measure_backlog
from tests.integration.runtime.bounded import DUE, NOW, Business, Desk, desk_of

GAUGES = ("desk_parked", "desk_due", "desk_due_oldest_seconds")


async def shown(desk: Desk, minutes_after_due: int) -> list[float | None]:
    now = NOW + DUE + timedelta(minutes=minutes_after_due)
    await measure_backlog(desk.store, desk.service.deciders, desk.metrics, now)
    return [desk.metrics.registry.get_sample_value(it, {"kind": "kept"}) for it in GAUGES]


async def test_what_is_parked_and_what_is_due_is_counted_with_the_longest_dues_age(
    endpoints: Endpoints,
) -> None:
    business = Business(stumbles_over={"stone"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        empty = await shown(desk, 5)
        await desk.process(desk.toy("a", "well"), desk.toy("b", "well"), desk.toy("c", "well"))
        await desk.process(desk.toy("c", "stone"))
        early, late = await shown(desk, -1), await shown(desk, 5)
        business.stumbles_over.clear()
    assert empty == [0, 0, 0]
    assert early == [1, 0, 0]
    assert late == [1, 3, 300]
