"""The watch over the mail server: when it asks, what it tells, and that it ends."""

from __future__ import annotations

import asyncio

from services.notification.mail_server import REFUSED_IN_A_ROW, SMTP, MailServerHealth
from shared.mail.smtp import MailRefused
from shared.runtime.decider import Dependencies


class Told(Dependencies):
    """Remembers which dependencies are reported as lost."""

    def __init__(self) -> None:
        self.lost_now: set[str] = set()

    def lost(self, dependency: str) -> None:
        self.lost_now.add(dependency)

    def back(self, *dependencies: str) -> None:
        self.lost_now.difference_update(dependencies)


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

    async with asyncio.timeout(10), MailServerHealth(Told(), ask, 0.01).watched():
        await asked.wait()


async def test_a_server_that_has_just_taken_a_mail_is_not_asked() -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1

    server = MailServerHealth(Told(), ask, 1.0)
    server.accepted()
    await server._check()
    after_a_mail = asked
    await server._check()

    assert (after_a_mail, asked) == (0, 1)


async def nothing() -> None:
    """A server that would take a mail."""


def test_a_server_that_refuses_everybody_is_lost_and_one_that_breaks_off_is_not() -> None:
    told = Told()
    server = MailServerHealth(told, nothing, 1.0)

    for number in range(REFUSED_IN_A_ROW):
        server.refused(MailRefused("disconnected"), f"recipient {number}")
    broken = set(told.lost_now)
    for number in range(REFUSED_IN_A_ROW):
        server.refused(MailRefused("550", answered=True), f"recipient {number}")

    assert (broken, told.lost_now) == (set(), {SMTP})
