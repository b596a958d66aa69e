"""One running desk for all tests of the command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from desk.ops.supervisor import Desk, desk_up
from tests.infra import infrastructure

QUICK = {"CONTRACT_GRACE_SECONDS": "1", "ACCESS_GRACE_SECONDS": "1", "MAX_PAUSE_SECONDS": "1"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk whose folder is `.desk` in a working directory, as `desk up` makes it."""
    directory: Path = tmp_path_factory.mktemp("cli") / ".desk"
    choice = request.config.getoption("--infra")
    async with (
        infrastructure(choice, tmp_path_factory.mktemp("infra")) as found,
        desk_up(
            directory,
            kafka=found.kafka_bootstrap_servers,
            mongo=found.mongo_url,
            overrides=QUICK,
            say=lambda _line: None,
        ) as desk,
    ):
        yield desk


@pytest.fixture
def here(running: Desk) -> Path:
    """Where a person would type the commands."""
    return running.directory.parent
