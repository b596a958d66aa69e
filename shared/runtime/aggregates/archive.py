"""The archive of long histories, `<kind>_history`: its indexes, and when its entries expire."""

from __future__ import annotations

from datetime import timedelta

from pymongo import ASCENDING, IndexModel

from shared.mongo.abilities import create_missing_indexes
from shared.mongo.client import Collection

EXPIRY = "at_1"
LOOKED_UP_BY = (("aggregate", "number"), ("aggregate", "message_id"))


async def prepare_archive(archive: Collection, kept: timedelta | None) -> None:
    """Make the indexes that are missing; MongoDB removes entries decided longer ago than `kept`.

    None keeps them for ever, also where an earlier configuration did not. Raises PyMongoError, and
    `Lacking` where the database cannot let them expire.
    """
    await create_missing_indexes(
        archive, [IndexModel([(name, ASCENDING) for name in names]) for names in LOOKED_UP_BY]
    )
    present = (await archive.index_information()).get(EXPIRY)
    if kept is None:
        if present is not None:
            await archive.drop_index(EXPIRY)
        return
    seconds = int(kept.total_seconds())
    if present is None:
        expiring = IndexModel([("at", ASCENDING)], name=EXPIRY, expireAfterSeconds=seconds)
        await create_missing_indexes(archive, [expiring])
    elif present.get("expireAfterSeconds") != seconds:
        changed = {"keyPattern": {"at": ASCENDING}, "expireAfterSeconds": seconds}
        await archive.database.command({"collMod": archive.name, "index": changed})


async def expiry_of(archive: Collection) -> timedelta | None:
    """How long the database keeps archived entries; None for ever. Raises PyMongoError."""
    present = (await archive.index_information()).get(EXPIRY, {})
    seconds = present.get("expireAfterSeconds")
    return None if seconds is None else timedelta(seconds=seconds)
