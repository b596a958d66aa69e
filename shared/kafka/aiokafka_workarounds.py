"""A Kafka connection that is gone is an error of the connection, and of nothing more.

uvloop raises RuntimeError for a write on a transport that is closed, where asyncio's own loop says
nothing. aiokafka expects OSError alone: with anything else one of its background tasks ends, and
the client waits for ever for metadata, for its coordinator, or for acknowledgements.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError


def survive_closed_connections(client: Any) -> None:
    """Let this `AIOKafkaClient` take a write on a closed transport for a broken connection."""
    client._get_conn = partial(_connection, client._get_conn)


async def _connection(get: Callable[..., Awaitable[Any]], *which: Any, **options: Any) -> Any:
    connection = await get(*which, **options)
    if connection is not None and "send" not in vars(connection):
        connection.send = partial(_send, connection, connection.send)
    return connection


def _send(
    connection: Any, send: Callable[..., Awaitable[Any]], *what: Any, **options: Any
) -> Awaitable[Any]:
    try:
        return send(*what, **options)
    except RuntimeError as closed:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError("the connection is closed") from closed
