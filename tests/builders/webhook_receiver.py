"""A partner's web server in this process: it keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes
    path: str = ""


@dataclass
class Receiver:
    """`answers` are used up one by one; after them everything is taken.

    `before_answer` is awaited once a message is there.
    """

    port: int = 0
    answers: list[str] = field(default_factory=list)
    got: list[Received] = field(default_factory=list)
    before_answer: Callable[[Received], Awaitable[None]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        named = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in named}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append(Received(headers, body, head[0].split(" ")[1]))
        if self.before_answer is not None:
            await self.before_answer(self.got[-1])
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
