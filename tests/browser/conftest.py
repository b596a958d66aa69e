"""One desk and one browser for all tests here; a test's console errors are its failure."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser import tools
from tests.browser.portal_desk import PortalDesk, portal_desk
from tests.browser.walk import Somebody, somebody_new


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def somebody(shared_site: PortalDesk) -> Somebody:
    """A customer of whom every page has something to show; no test changes what is shown."""
    return await somebody_new(shared_site)
