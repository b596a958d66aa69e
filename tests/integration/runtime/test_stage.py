"""The stage's suite on MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.mongo.client import Database, connect
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Decider
from tests.fakes.stage_suite import NewStore, StageSuite


class TestStageOnMongoDB(StageSuite):
    @pytest.fixture
    def new_store(self, endpoints: Endpoints) -> Iterator[NewStore]:
        clients: list[Any] = []

        async def made(deciders: tuple[Decider[Any], ...]) -> AggregateStore:
            client = connect(endpoints.mongo_url)
            clients.append(client)
            database = Database(client, f"stage{uuid4().hex[:8]}", journal=False)
            store = Store(database, deciders)
            await store.prepare()
            return store

        yield made
        for client in clients:
            client.close()
