"""A mail server that misbehaves when told to: `python -m tests.faults.post_office PORT DIRECTORY`.

It notes the Message-ID of every mail it has taken, one a line, in DIRECTORY/taken. The word in
DIRECTORY/mood says how it behaves: `well`, `refusing`, `slow`, or `dropping` (it takes the mail and
cuts the connection without an answer).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

SLOW_S = 3.0
TAKEN, MOOD = "taken", "mood"


class Moody:
    """What aiosmtpd calls for each mail."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._taken = (directory / TAKEN).open("a", buffering=1)

    def _mood(self) -> str:
        return (self._directory / MOOD).read_text()

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        mood = self._mood()
        if mood == "refusing":
            return "451 not now"
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        self._taken.write(message_from_bytes(envelope.content)["Message-ID"] + "\n")
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
