"""The portal's health page and metrics tell operators of its clock, requests and defects."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx2

from services.customer_portal import service
from shared.web.middleware import CONTENT_SECURITY_POLICY
from shared.web.server import operators_app
from tests.builders.exported import documented, exported
from tests.builders.portal import Browser, PortalOfFew, portal_of_few


async def metrics_of(portal: PortalOfFew) -> str:
    app = operators_app(portal.process.health)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        return (await client.get("http://portal/metrics/")).text


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


async def test_the_portals_metrics_have_a_request_by_page_and_status_and_never_its_address() -> (
    None
):
    with portal_of_few() as portal:
        browser = Browser(portal)
        await browser.get("/en/contact")
        await browser.get("/en/inquiries/INQ-2027-SECRET")
        shown = await metrics_of(portal)

    found = exported(shown)
    assert found.keys() == documented().keys()
    assert found["desk_web_request_seconds"].labels == {"page", "status"}
    assert 'desk_web_request_seconds_count{page="contact.en",status="200"} 1.0' in shown
    assert "SECRET" not in shown


async def test_a_page_with_a_defect_is_counted_as_one_that_fails_and_has_the_headers_of_all() -> (
    None
):
    async def broken(*_asked: Any, **_named: Any) -> None:
        raise RuntimeError("ana@example.test")

    with (
        portal_of_few() as portal,
        patch.object(type(portal.process.portal.sessions), "read", broken),
    ):
        transport = httpx2.ASGITransport(portal.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport) as client:
            answer = await client.get("https://portal.example/en/contact")
        shown = await metrics_of(portal)

    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert 'desk_web_request_seconds_count{page="contact.en",status="500"} 1.0' in shown
    assert "ana@" not in answer.text + shown
