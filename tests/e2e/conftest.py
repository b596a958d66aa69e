"""A whole desk for the end-to-end tests: broker, database, mailbox and four services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from desk.embedded import pacing
from desk.ops.supervisor import Desk, desk_up
from tests.infra import infrastructure, resolved

QUICK = {"CONTRACT_GRACE_SECONDS": "1", "ACCESS_GRACE_SECONDS": "1"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """One desk for all end-to-end tests; each uses customers and contracts of its own."""
    choice = resolved(request.config.getoption("--infra"))
    pacing.install()
    directory = tmp_path_factory.mktemp("e2e")
    if choice == "embedded":
        async with desk_up(directory, overrides=QUICK) as desk:
            yield desk
        return
    async with (
        infrastructure(choice, tmp_path_factory.mktemp("servers")) as found,
        desk_up(
            directory,
            kafka=found.kafka_bootstrap_servers,
            mongo=found.mongo_url,
            overrides=QUICK,
        ) as desk,
    ):
        yield desk
