"""Fixtures that reach across the tree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from desk.embedded import pacing
from desk.embedded.stack import Endpoints
from tests.infra import CHOICES, infrastructure


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
