"""A real SMTP server in this process that keeps what it is told."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope


class Mailbox:
    """An SMTP server and what it was told; `answers` overrides what it says to a command.

    `pipelining`: it says that it takes commands in groups.
    """

    def __init__(self, *, pipelining: bool = False, **options: Any) -> None:
        self.pipelining = pipelining
        self.envelopes: list[Envelope] = []
        self.connections: list[SMTP] = []
        self.answers: dict[str, str] = {}
        self.delay = 0.0
        self.resets_after_data = False
        self.port = 0
        self._options = options
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _connection(self) -> SMTP:
        connection = SMTP(self, loop=asyncio.get_running_loop(), **self._options)
        self.connections.append(connection)
        return connection

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.close()
        await self._server.wait_closed()

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        more = ["250-PIPELINING"] if self.pipelining else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_MAIL(self, *told: Any) -> str:
        _server, _session, envelope, address, _options = told
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, *told: Any) -> str:
        _server, _session, envelope, address, _options = told
        await asyncio.sleep(self.delay)
        answer = self.answers.get(f"RCPT {address}") or self.answers.get("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, *told: Any) -> str:
        server, _session, envelope = told
        answer = self.answers.get("DATA", "250 accepted")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        if self.resets_after_data:
            server.transport.abort()
        return answer

    @property
    def messages(self) -> list[EmailMessage]:
        read = (message_from_bytes(cast(bytes, e.content), policy=default) for e in self.envelopes)
        return list(read)
