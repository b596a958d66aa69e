"""Limits that are counted on a database, by several processes at once."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from limits import RateLimitItemPerHour

from desk.local.stack import Endpoints
from shared.web.rate_limits import RateLimits, TooMany, shared_storage


async def test_first_tries_that_come_at_once_at_two_processes_are_all_counted(
    endpoints: Endpoints,
) -> None:
    database = f"limits{uuid4().hex[:8]}"
    processes = [RateLimits(shared_storage(endpoints.mongo_url, database), b"key") for _ in "ab"]
    twice = RateLimitItemPerHour(2)

    for number in range(40):
        await asyncio.gather(*(it.spend(twice, "form", f"client {number}") for it in processes))

    for number in range(40):
        with pytest.raises(TooMany):
            await processes[0].spend(twice, "form", f"client {number}")
