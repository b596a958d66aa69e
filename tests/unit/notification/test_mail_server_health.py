"""The watch over the mail server begins and ends with the worker."""

from __future__ import annotations

import asyncio

from services.notification.mail_server import MailServerHealth
from shared.runtime.decider import Dependencies


class Nothing(Dependencies):
    """Nobody is told."""

    def lost(self, dependency: str) -> None: ...

    def back(self, *dependencies: str) -> None: ...


async def test_the_watch_ends_although_the_smtp_client_swallows_a_cancellation() -> None:
    asked = asyncio.Event()

    async def ask() -> None:
        """As `wait_for` of Python 3.11 does when the connection is there at the same moment."""
        if asked.is_set():
            await asyncio.sleep(3600)
        asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return

    async with asyncio.timeout(10), MailServerHealth(Nothing(), ask, 0.01).watched():
        await asked.wait()
