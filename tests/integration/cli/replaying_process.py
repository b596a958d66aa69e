"""A replay of the toy in a process of its own, which a test may kill."""

from __future__ import annotations

import asyncio
import sys

from shared.mongo.client import Database, connect
from shared.operations.audit_trail import Author
from shared.operations.dead_letters.replay import let_through, newest_by_message
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import parked
from shared.operations.sender import Pace, replay_session
from shared.runtime.aggregates.store import Store
from shared.settings import RuntimeSettings
from shared.telemetry import logging
from tests.builders.internal_port import asking
from tests.integration.runtime import toy


async def main(kafka: str, mongo: str, name: str, customer: str, per_second: str) -> None:
    """Let through what waits for `customer`, slowly enough to be killed in the middle."""
    settings = RuntimeSettings(
        kafka_bootstrap_servers=kafka,
        mongo_url=mongo,
        kafka_group_prefix=name,
        mongo_database_prefix=name,
    )
    logging.configure("replay", level="ERROR")  # what is printed is the outcome alone
    service, client = toy.build(), connect(mongo)
    database = Database(client, settings.database_of(service.name))
    store, pace = Store(database, service.deciders), Pace(float(per_second))
    async with (
        asking(service, settings, database, store) as asked,
        replay_session(settings, Author("operator"), pace=pace) as session,
    ):
        [waiting] = [aggregate for aggregate in await parked(asked) if aggregate.ref.id == customer]
        newest = newest_by_message(await briefs(settings))
        outcome = await let_through(asked, waiting, newest, session)
    print(f"{outcome.decided} {outcome.stopped_by}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
