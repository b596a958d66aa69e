"""Finds out at start what a server of MongoDB's protocol lacks.

MongoDB has all of it. Other servers refuse what they lack or, worse, pass over it in silence.
"""

from __future__ import annotations

from bson import ObjectId

from shared.mongo.client import Database

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
