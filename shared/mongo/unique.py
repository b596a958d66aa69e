"""A unique index over a state's field, made where the database and what is stored in it allow."""

from __future__ import annotations

import structlog
from pymongo import ASCENDING, DESCENDING

from shared.mongo.client import Collection, OperationFailure

log: structlog.stdlib.BoundLogger = structlog.get_logger()

TEXTS = {"$gt": ""}
"""Aggregates without the value do not take part."""


async def make_unique(collection: Collection, field: str) -> None:
    """No two documents may have the same text in `field`. Raises PyMongoError.

    Where two have already, or the database has no such index, there is a plain one and a line in
    the log: a service that does not start would help nobody. The next start tries again. It runs
    the other way than the plain index, so that an earlier release may make that one beside it.
    """
    try:
        await collection.create_index(
            [(field, DESCENDING)],
            name=f"{field}_unique",
            unique=True,
            partialFilterExpression={field: TEXTS},
        )
    except OperationFailure as refused:
        about = {"kind": collection.name, "field": field, "code": refused.code}
        log.error("index is not unique", **about)  # noqa: TRY400 - a traceback quotes the values
        await collection.create_index([(field, ASCENDING)])
        return
    if f"{field}_1" in await collection.index_information():
        await collection.drop_index(f"{field}_1")
