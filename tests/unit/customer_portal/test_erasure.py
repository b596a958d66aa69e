"""The portal deletes the files that forgotten customers have attached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.customer_portal import erasure
from services.customer_portal.erasure import erase, erase_again_and_again
from services.customer_portal.projections import FORGOTTEN
from shared.outage import Outage
from tests.builders.portal import PortalOfFew, portal_of_few

ANA, BEA, VISITOR = "C-ANA", "C-BEA", "a browser"


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        uploads = portal.own.collection("uploads").documents
        for owner in (ANA, BEA, VISITOR):
            uploads[f"of {owner}"] = {"_id": f"of {owner}", "owner": owner, "content": b"%PDF"}
        await portal.keep("customers", {"_id": ANA, FORGOTTEN: True})
        await portal.keep("customers", {"_id": BEA, "email": "bea@example.test"})
        yield portal


def owners(portal: PortalOfFew) -> set[str]:
    return {it["owner"] for it in portal.own.collection("uploads").documents.values()}


async def test_what_a_forgotten_customer_attached_is_deleted_and_nobody_elses(
    portal: PortalOfFew,
) -> None:
    parts = portal.process.portal

    assert await erase(parts.uploads, parts.queries) == 1
    assert owners(portal) == {BEA, VISITOR}
    assert await erase(parts.uploads, parts.queries) == 0


async def test_an_outage_puts_it_off_and_it_ends_when_told(
    portal: PortalOfFew, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, stopping = portal.process.portal, asyncio.Event()
    failures, seen = [Outage("mongodb", "away")], list[set[str]]()

    async def owners_or_outage(found: Callable[[], Any] = parts.uploads.owners) -> Any:
        if failures:
            raise failures.pop()
        return await found()

    async def rested(_stopping: asyncio.Event, seconds: float) -> None:
        assert seconds == erasure.EVERY_SECONDS
        seen.append(owners(portal))
        if len(seen) == 2:
            stopping.set()

    monkeypatch.setattr(parts.uploads, "owners", owners_or_outage)
    monkeypatch.setattr(erasure, "sleep_unless", rested)

    async with asyncio.timeout(30):
        await erase_again_and_again(parts.uploads, parts.queries, stopping)

    assert seen == [{ANA, BEA, VISITOR}, {BEA, VISITOR}]
