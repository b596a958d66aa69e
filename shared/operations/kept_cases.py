"""A case from the index that the console keeps, for who is no console: also where none runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shared.events.topics import CONSOLE
from shared.mongo.client import Database, close
from shared.operations.case_index import NAME, CaseIndex
from shared.operations.case_timeline import Freshened, fresh_timeline
from shared.operations.database import client_of
from shared.operations.service_client import ServiceClient
from shared.outage import Outage
from shared.runtime.projections.generations import Generations
from shared.runtime.projections.projection import views_of
from shared.settings import RuntimeSettings

FOUND_WITHIN_S = 10.0
"""The generation that serves: a database that takes longer is no quicker than the topics."""


class NoIndex(Exception):
    """No console has ever kept an index in this database."""


async def find_kept(
    named: str,
    settings: RuntimeSettings,
    mongo_url: str,
    services: Mapping[str, ServiceClient],
    *,
    within_s: float,
) -> Freshened:
    """The case of any id, from the index and what the topics have beyond it.

    Raises `NoIndex`, `NoSuchCase`, `WrongDatabaseUrl`, `Outage` of the database.
    """
    client = client_of(mongo_url)
    try:
        database = Database(client, settings.database_of(views_of(CONSOLE)))
        generations = Generations(database, folds=0)
        try:
            async with asyncio.timeout(FOUND_WITHIN_S):
                if not await generations.are_begun():
                    raise NoIndex
                serving = (await generations.read()).serving
        except TimeoutError:
            raise Outage("mongodb", "TimeoutError") from None
        return await fresh_timeline(
            named,
            CaseIndex(lambda: generations.serving(NAME)),
            settings,
            serving.group(settings.group_of(CONSOLE)),
            services,
            within_s=within_s,
        )
    finally:
        close(client)
