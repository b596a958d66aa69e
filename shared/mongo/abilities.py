"""What a server of MongoDB's protocol may lack, found out at start.

MongoDB has all of it. Other servers refuse what they lack or, worse, pass over it in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

from bson import ObjectId
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from shared.mongo.client import Collection, Database

PROBES = "desk_probes"
NOT_IMPLEMENTED = frozenset({59, 115, 238})
"""CommandNotFound, CommandNotSupported and NotImplemented."""


class Lacking(Exception):
    """The configuration needs what this database has not; the text says what to change."""


async def honours_slice(database: Database) -> bool:
    """Whether `$push` with `$slice` shortens a list, tried on a document that is then deleted.

    Raises PyMongoError.
    """
    probes, probe = database.collection(PROBES), {"_id": ObjectId()}
    await probes.insert_one({**probe, "list": [1]})
    await probes.update_one(probe, {"$push": {"list": {"$each": [2, 3], "$slice": -1}}})
    found = await probes.find_one(probe)
    await probes.delete_one(probe)
    return found is not None and found["list"] == [3]


async def create_missing_indexes(collection: Collection, indexes: Sequence[IndexModel]) -> None:
    """Create the indexes whose names are not there yet. Raises PyMongoError, `Lacking`.

    Asking for those that are there is no error in MongoDB, but makes FerretDB 1.24 close the
    connection.
    """
    present = await collection.index_information()
    missing = [index for index in indexes if index.document["name"] not in present]
    if not missing:
        return
    try:
        await collection.create_indexes(missing)
    except OperationFailure as refused:
        expiring = any("expireAfterSeconds" in index.document for index in missing)
        if expiring and refused.code in NOT_IMPLEMENTED:
            raise Lacking(
                "HISTORY_KEPT_DAYS is set, but this database has no indexes that let documents"
                " expire: unset it to keep ids for ever."
            ) from None
        raise


async def create_indexes_on(
    collection: Collection, fields: Sequence[Sequence[str]], *, expires_on: str | None = None
) -> None:
    """Ascending indexes on these fields; documents end at their instant in `expires_on`.

    Raises PyMongoError, `Lacking`.
    """
    indexes = [IndexModel([(field, 1) for field in some]) for some in fields]
    if expires_on is not None:
        indexes.append(IndexModel([(expires_on, 1)], expireAfterSeconds=0))
    await create_missing_indexes(collection, indexes)
