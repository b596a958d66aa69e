"""Indexes: described here, and made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from shared.mongo.abilities import NOT_IMPLEMENTED, Lacking
from shared.mongo.client import Collection

Index = IndexModel


def index_on(
    *fields: str, sparse: bool = False, expires_after: timedelta | None = None
) -> IndexModel:
    """An ascending index, under the driver's own name for it.

    Documents leave a collection `expires_after` the instant in the field.
    """
    options: dict[str, Any] = {"sparse": True} if sparse else {}
    if expires_after is not None:
        options["expireAfterSeconds"] = int(expires_after.total_seconds())
    return IndexModel([(field, ASCENDING) for field in fields], **options)


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
                f"{collection.name}: this database has no indexes that let documents expire. The"
                " web applications need them; where HISTORY_KEPT_DAYS is set, unset it to keep ids"
                " for ever."
            ) from None
        raise


async def create_indexes_on(
    collection: Collection, fields: Sequence[Sequence[str]], *, expires_on: str | None = None
) -> None:
    """Ascending indexes on these fields; documents end at their instant in `expires_on`.

    Raises PyMongoError, `Lacking`.
    """
    indexes = [index_on(*some) for some in fields]
    if expires_on is not None:
        indexes.append(index_on(expires_on, expires_after=timedelta(0)))
    await create_missing_indexes(collection, indexes)


async def change_expiry(collection: Collection, field: str, after: timedelta) -> None:
    """Let documents leave `after` the instant in the field, which has an expiring index.

    Raises PyMongoError.
    """
    changed = {"keyPattern": {field: ASCENDING}, "expireAfterSeconds": int(after.total_seconds())}
    await collection.database.command({"collMod": collection.name, "index": changed})
