"""In front of a broker: closes the first connections that a service's consumer opens."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from desk.local.ports import HOST

CONSUMER = b"contract-desk-"
"""How the client id of a service's consumer begins; its producer and admin client have others."""


@dataclass
class RefusingBroker:
    """Refuses a service's subscription `refusals` times, and passes on everything else."""

    behind: str
    refusals: int
    refused: int = 0
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await _frame(reader)
        if _client_id(first).startswith(CONSUMER) and self.refused < self.refusals:
            self.refused += 1
            writer.close()
            return
        host, port = self.behind.split(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        there_writer.write(first)
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))


@asynccontextmanager
async def refusing_broker(behind: str, refusals: int) -> AsyncIterator[RefusingBroker]:
    broker = RefusingBroker(behind, refusals)
    server = await asyncio.start_server(broker.serve, HOST, 0)
    broker.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield broker
    finally:
        server.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(struct.unpack(">i", size)[0])


def _client_id(frame: bytes) -> bytes:
    """A request is: size, API key, API version, correlation id, client id, and what it asks."""
    (length,) = struct.unpack_from(">h", frame, 12)
    return frame[14 : 14 + length]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
