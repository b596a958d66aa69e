"""One desk and one browser for all tests here; a test's console errors are its failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.apache_kafka.broker import missing
from tests.browser import tools
from tests.browser.portal_desk import PortalDesk, portal_desk
from tests.browser.walk import Somebody, somebody_new
from tests.infra import local_kafka


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PortalDesk]:
    if lack := tools.missing():
        pytest.fail(lack)
    async with portal_desk(tmp_path_factory.mktemp("desk") / ".desk") as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def site(shared_site: PortalDesk) -> AsyncIterator[PortalDesk]:
    """The desk for one test, whose pages must leave no error on the console."""
    shared_site.errors.clear()
    yield shared_site
    await shared_site.close_pages()
    assert shared_site.errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def site_on_kafka(tmp_path: Path) -> AsyncIterator[PortalDesk]:
    """A desk on Apache Kafka, for what takes several members of one consumer group.

    When one comes or leaves, the embedded broker may wait for ever for one that is gone.
    """
    if lack := tools.missing():
        pytest.fail(lack)
    if lack := missing():
        pytest.skip(f"the embedded broker does not divide a group among several: {lack}")
    async with (
        local_kafka("kafka", tmp_path) as kafka,
        portal_desk(tmp_path / ".desk", kafka) as site,
    ):
        yield site
        await site.close_pages()
        assert site.errors == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def somebody(shared_site: PortalDesk) -> Somebody:
    """A customer of whom every page has something to show; no test changes what is shown."""
    return await somebody_new(shared_site)
