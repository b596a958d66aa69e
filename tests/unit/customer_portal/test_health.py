"""What the portal's health page tells operators."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from services.customer_portal import service
from tests.builders.portal import portal_of_few


async def test_the_health_page_says_with_whose_clock_the_portals_was_compared() -> None:
    with portal_of_few() as portal:
        process = portal.process

        async def answered(*_asked: Any) -> None:
            now = service.utc_now()
            process.skew.database_showed(now, asked=process.skew.elapsed())

        async def told() -> None:
            while process.health.clock_compared_with is None:
                await asyncio.sleep(0.01)
            process.stopping.set()

        async def until_stopped(*_asked: Any, **_named: Any) -> None:
            await process.stopping.wait()

        with (
            patch.object(service, "_starting_steps", lambda _process: iter(())),
            patch.object(service, "Projections", lambda *_a, **_k: SimpleNamespace(run=told)),
            patch.object(service, "check_dependencies", answered),
            patch.object(type(process.portal.changes), "watch", until_stopped),
        ):
            async with asyncio.timeout(30):
                await service._background(process)

        assert process.health.clock_compared_with == "database"
