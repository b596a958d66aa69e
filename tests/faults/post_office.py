"""A mail server that misbehaves when told to: `python -m tests.faults.post_office PORT DIRECTORY`.

It notes the Message-ID of every mail it has taken, one a line, in DIRECTORY/taken; what it cannot
note it does not take. The word in DIRECTORY/mood says how it behaves: `well`, `refusing`, `slow`,
`greylisting` (it takes a mail at the second attempt), or `dropping` (it takes the mail and cuts the
connection without an answer). It never takes anything for the unreachable address.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.faults.workload import UNREACHABLE

SLOW_S = 3.0
TAKEN, MOOD = "taken", "mood"


class Moody:
    """aiosmtpd's handler, called for each mail."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._taken = (directory / TAKEN).open("ab", buffering=0)
        self._tried: set[str] = set()

    def _mood(self) -> str:
        return (self._directory / MOOD).read_text()

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address == UNREACHABLE:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        mood = self._mood()
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        if mood == "refusing":
            return "451 not now"
        if mood == "greylisting" and message_id not in self._tried:
            self._tried.add(message_id)
            return "451 4.7.1 greylisted, try again later"
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        try:
            self._taken.write(f"{message_id}\n".encode())
        except OSError:
            return "452 4.3.1 insufficient system storage"
        if mood == "dropping":
            server.transport.abort()
        return "250 OK"


async def serve(port: int, directory: Path) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    moody = Moody(directory)
    server = await loop.create_server(
        lambda: SMTP(moody, hostname="localhost", enable_SMTPUTF8=True, loop=loop),
        host="127.0.0.1",
        port=port,
    )
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
