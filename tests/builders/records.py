"""The services' own records, read past the services: what an audit may look at and nobody else."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.events.topics import SERVICES
from shared.mongo.client import Client, Database, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Decider, Service
from shared.runtime.verification import Verification, audit
from shared.settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class Records:
    """One service's aggregates."""

    service: Service
    settings: RuntimeSettings
    database: Database
    store: Store

    async def audit(self, decider: Decider[Any]) -> Verification:
        """Verifies one kind of records."""
        return await audit(self.service, self.database, self.store, decider)


@asynccontextmanager
async def reading(mongo_url: str, *names: str) -> AsyncIterator[Mapping[str, Records]]:
    """The records of the services named, or of all. Connects on first use."""
    client = connect(mongo_url)
    try:
        yield {name: _records(name, client, mongo_url) for name in names or SERVICES}
    finally:
        client.close()


def _records(name: str, client: Client, mongo_url: str) -> Records:
    settings = importlib.import_module(f"services.{name}.settings").Settings(mongo_url=mongo_url)
    service: Service = importlib.import_module(f"services.{name}.service").build(settings)
    database = Database(client, settings.database_of(name))
    return Records(service, settings, database, Store(database, service.deciders))
