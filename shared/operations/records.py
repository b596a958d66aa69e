"""The services' own records, read and never written: what an operator may look at."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.events.envelope import message_uuid
from shared.events.reference import parse_reference
from shared.events.topics import INTAKE, SERVICES
from shared.events.values import Channel
from shared.mongo.client import Client, Database, Document
from shared.operations.database import client_of
from shared.operations.errors import NoSuchInquiry
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.faults import mongodb_errors_as_outage
from shared.settings import RuntimeSettings

INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True)
class Records:
    """One service's aggregates."""

    service: Service
    settings: RuntimeSettings
    database: Database
    store: Store


@asynccontextmanager
async def reading(mongo_url: str, *names: str) -> AsyncIterator[Mapping[str, Records]]:
    """The records of the services named, or of all. Connects on first use."""
    client = client_of(mongo_url)
    try:
        yield {name: _records(name, client, mongo_url) for name in names or SERVICES}
    finally:
        client.close()


def _records(name: str, client: Client, mongo_url: str) -> Records:
    settings = importlib.import_module(f"services.{name}.settings").Settings(mongo_url=mongo_url)
    service: Service = importlib.import_module(f"services.{name}.service").build(settings)
    database = Database(client, settings.database_of(name))
    return Records(service, settings, database, Store(database, service.deciders))


async def inquiry_document(intake: Records, named: str) -> Document | None:
    """The inquiry of a reference, an inquiry's id or its submission's id. Raises `Outage`."""
    collection = intake.database.collection(INQUIRY)
    reference = parse_reference(named)
    with mongodb_errors_as_outage():
        if reference is not None:
            return await collection.find_one({"state.reference": reference})
        for candidate in _ids(named):
            found = await collection.find_one({"_id": candidate})
            if found is not None:
                return found
    return None


def _ids(named: str) -> list[str]:
    try:
        inquiry_id = [str(UUID(named.strip()))]
    except ValueError:
        inquiry_id = []
    sources = (f"/channels/{channel}" for channel in Channel)
    return [*inquiry_id, *(str(message_uuid(source, named.strip())) for source in sources)]


async def inquiry_named(mongo_url: str, named: str) -> str:
    """The id of the inquiry that a person means. Raises `NoSuchInquiry`, `Outage`."""
    async with reading(mongo_url, INTAKE) as records:
        document = await inquiry_document(records[INTAKE], named)
    if document is None:
        raise NoSuchInquiry(named)
    return str(document["_id"])


def plain_state(document: Document) -> Mapping[str, Any]:
    """The stored state, or an empty one where messages came but nothing happened."""
    return document.get("state") or {}
