"""The largest records that anybody can make stay small; `make bench-bounds` has the full sizes."""

from __future__ import annotations

import pytest

from bench.bounds import FLOWS, run
from desk.local.stack import Endpoints

FLOW = {flow.name: flow for flow in FLOWS}


@pytest.mark.parametrize(
    ("name", "messages", "at_most_kb"),
    [("follow-ups", 60, 300), ("strangers' copies", 200, 50), ("copies", 101, 30)],
)
async def test_a_record_stays_small_however_many_messages_it_gets(
    name: str, messages: int, at_most_kb: int, endpoints: Endpoints
) -> None:
    seen = await run(FLOW[name], endpoints.mongo_url, messages)
    assert seen.dead == 0
    assert seen.types
    assert seen.largest < at_most_kb * 1024
