"""Whether the mail server works: told from the mails themselves, and asked while none goes out.

One refused recipient is that recipient's matter. A server that does not answer, does not let the
desk in, or refuses one recipient after the other is lost: `/health` names `smtp` until it works.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from shared.mail.smtp import MailRefused
from shared.runtime.decider import Dependencies

log = structlog.get_logger(__name__)

SMTP = "smtp"
FIRST_PAUSE_SECONDS = 1.0
REFUSED_IN_A_ROW = 10
"""Different recipients, none accepted in between: the server refuses everybody."""
REMEMBERED_SECONDS = 900.0
"""How long a refused recipient counts; a mail that may pass is tried again within this time."""


class MailServerHealth:
    """Reports the mail server lost and back.

    `ask` raises MailRefused when the server would take no mail. It is asked every `seconds` unless
    a mail was accepted meanwhile; while the server is lost after 1 s, doubling up to that.
    """

    def __init__(
        self, dependencies: Dependencies, ask: Callable[[], Awaitable[None]], seconds: float
    ) -> None:
        self._dependencies = dependencies
        self._ask = ask
        self._seconds = seconds
        self._pause = seconds
        self._accepted = False
        self._is_lost = False
        self._refused: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._left = False

    def accepted(self) -> None:
        """The server has taken a mail."""
        self._accepted = True
        self._refused.clear()
        self._back()

    def refused(self, refused: MailRefused, recipient_hash: str) -> None:
        """The server has not taken a mail."""
        if refused.server_fault:
            self._lost(refused.error)
            return
        if not refused.answered:
            return
        now = time.monotonic()
        kept = {who: at for who, at in self._refused.items() if now - at < REMEMBERED_SECONDS}
        self._refused = {**kept, recipient_hash: now}
        if self._refuses_everybody():
            self._lost("refuses everybody")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Ask the server, again and again, until left."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            # Python 3.11's `wait_for`, which the SMTP client uses, swallows a cancellation that
            # comes as the connection does (bpo-37658): the flag ends the watch all the same.
            self._left = True
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        while not self._left:
            self._woken.clear()
            try:
                async with asyncio.timeout(self._pause):
                    await self._woken.wait()
            except TimeoutError:
                await self._check()

    async def _check(self) -> None:
        if self._accepted:
            self._accepted = False
            return
        try:
            await self._ask()
        except MailRefused as refused:
            self._lost(refused.error)
            self._pause = min(self._pause * 2, self._seconds)
        else:
            if not self._refuses_everybody():
                self._back()

    def _refuses_everybody(self) -> bool:
        oldest = time.monotonic() - REMEMBERED_SECONDS
        return sum(at > oldest for at in self._refused.values()) >= REFUSED_IN_A_ROW

    def _lost(self, why: str) -> None:
        self._dependencies.lost(SMTP)
        self._accepted = False
        if not self._is_lost:
            log.warning("mail server lost", why=why)
            self._is_lost = True
            self._pause = min(FIRST_PAUSE_SECONDS, self._seconds)
            self._woken.set()

    def _back(self) -> None:
        if self._is_lost:
            log.info("mail server back")
            self._is_lost = False
            self._pause = self._seconds
            self._dependencies.back(SMTP)
