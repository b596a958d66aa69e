"""Sessions, codes and the outbox on MongoDB: the suite that the pages' fake database passes too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.mongo.client import Database, connect
from tests.fakes.documents_suite import DocumentsSuite


class TestDocumentsOnMongoDB(DocumentsSuite):
    @pytest.fixture
    async def database(self, endpoints: Endpoints) -> AsyncIterator[Database]:
        client = connect(endpoints.mongo_url)
        yield Database(client, f"portal{uuid4().hex[:8]}", journal=False)
        client.close()
