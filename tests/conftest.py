"""Fixtures that reach across the tree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from desk.embedded import pacing
from desk.embedded.stack import Endpoints
from desk.ops.supervisor import Desk, desk_up
from tests.infra import CHOICES, infrastructure, resolved


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--infra",
        choices=CHOICES,
        default="auto",
        help="where the wire tests run: containers when a Docker daemon answers, else embedded",
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def endpoints(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Endpoints]:
    """One broker, database and mailbox for the whole run; tests keep apart by their names."""
    directory: Path = tmp_path_factory.mktemp("desk")
    pacing.install()
    async with infrastructure(request.config.getoption("--infra"), directory) as found:
        yield found


QUICK = {"CONTRACT_GRACE_SECONDS": "1", "ACCESS_GRACE_SECONDS": "1", "MAX_PAUSE_SECONDS": "1"}


def quiet(_line: str) -> None:
    """The desk's restarts are not this test run's output."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A whole desk for all tests that need one: broker, database, mailbox and four services.

    Each test uses customers and contracts of its own. The desk's folder is `.desk` in a working
    directory, as `desk up` makes it.
    """
    choice = resolved(request.config.getoption("--infra"))
    pacing.install()
    directory = tmp_path_factory.mktemp("desk") / ".desk"
    if choice == "embedded":
        async with desk_up(directory, overrides=QUICK, say=quiet) as desk:
            yield desk
        return
    async with (
        infrastructure(choice, tmp_path_factory.mktemp("servers")) as found,
        desk_up(
            directory,
            kafka=found.kafka_bootstrap_servers,
            mongo=found.mongo_url,
            overrides=QUICK,
            say=quiet,
        ) as desk,
    ):
        yield desk
