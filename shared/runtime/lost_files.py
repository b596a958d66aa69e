"""Files of a restored database that its topics speak of and the backup has not."""

from __future__ import annotations

from shared.events.internal import Outcome
from shared.kafka.topic_records import records_on
from shared.mongo.client import Database
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import OUTCOMES
from shared.runtime.decider import Service
from shared.runtime.faults import Unreadable
from shared.settings import RuntimeSettings


async def files_lost(service: Service, settings: RuntimeSettings, database: Database) -> list[str]:
    """Names each file that an outcome reports as kept but the database lacks."""
    if service.keeps is None:
        return []
    lost, dropped = dict[str, str](), set[str]()
    async for record in records_on(settings, [OUTCOMES]):
        try:
            said = codec.read(record, settings.topic_sources).message.data
        except Unreadable:
            continue
        if not isinstance(said, Outcome):
            continue
        if service.drops is not None:
            dropped.update(service.drops(said))
        kept = service.keeps(said)
        if kept is not None and await database.get_file(kept.id) is None:
            lost[kept.id] = kept.told
    return [told for file_id, told in lost.items() if file_id not in dropped]
