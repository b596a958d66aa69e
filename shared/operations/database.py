"""The database's client, for what an operator asks."""

from __future__ import annotations

from shared.mongo.client import Client, PyMongoError, connect
from shared.operations.errors import WrongDatabaseUrl

ANSWER_WITHIN_MS = 3_000


def client_of(mongo_url: str) -> Client:
    """A client that connects on first use. Raises `WrongDatabaseUrl`."""
    try:
        return connect(mongo_url, timeout_ms=ANSWER_WITHIN_MS)
    except (PyMongoError, ValueError) as error:  # the URL itself may hold a password
        raise WrongDatabaseUrl(type(error).__name__) from None
