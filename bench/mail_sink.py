"""A mail server that takes every mail and keeps none: `python -m bench.mail_sink PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP

from desk.local.ports import HOST


class Pipelining:
    """Offers PIPELINING: aiosmtpd reads commands that come together one by one."""

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]


class Sink(Pipelining):
    """Accepts and drops each mail; the handler of aiosmtpd."""

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:
        return "250 OK"


async def serve(port: int) -> None:
    """Until the process is stopped."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Sink(), hostname="localhost", loop=loop), host=HOST, port=port
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
