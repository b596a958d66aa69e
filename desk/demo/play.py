"""Playing the scenario: cases side by side, each step when the one before has been answered."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from desk.demo.received_mail import Mailbox
from desk.demo.story import DemoCase, DemoStep
from desk.demo.verdict import Observed, mails_missing
from desk.demo.watch import Outside

STEP_S = 20.0
"""How long a step may take until everything that must come has come."""
MAILS_S = 15.0
LAST_MAILS_S = 2.0
"""How long mails may take when an answer is missing, so that its mail cannot come anyway."""
TOTAL_S = 75.0
"""Limit for the whole scenario; what has not come by then is missing."""
QUIET_S = 0.7
"""Silence after which the demo concludes that nothing unexpected will come."""

# A proxy of the environment must never be asked for a page of this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(slots=True)
class Play:
    """One performance. A case whose answer does not come in time goes no further."""

    cases: Sequence[DemoCase]
    outside: Outside
    mailbox: Mailbox
    step_s: float = STEP_S
    mails_s: float = MAILS_S
    total_s: float = TOTAL_S
    downloads: dict[str, bytes] = field(default_factory=dict)
    _finished: dict[str, asyncio.Future[bool]] = field(default_factory=dict)

    async def perform(self) -> Observed:
        """Send everything, wait for every answer and mail, then for silence."""
        loop = asyncio.get_running_loop()
        self._finished = {case.name: loop.create_future() for case in self.cases}
        with suppress(TimeoutError):
            async with asyncio.timeout(self.total_s):
                complete = await asyncio.gather(*(self._case(case) for case in self.cases))
                await self._mails(self.mails_s if all(complete) else LAST_MAILS_S)
                await self._download_all()
        await self.outside.journal.quiet(QUIET_S, within_s=self.mails_s)
        return self._evidence()

    async def _case(self, case: DemoCase) -> bool:
        """Whether every answer came; what a failed case was the ground for is not begun."""
        complete = case.after is None or await self._finished[case.after]
        for step in (step for row in case.rows for step in row.steps):
            complete = complete and await self._step(step)
        self._finished[case.name].set_result(complete)
        return complete

    async def _step(self, step: DemoStep) -> bool:
        journal = self.outside.journal
        await self.outside.publish(step.sends)
        return await journal.until(
            lambda: all(journal.find(expected) is not None for expected in step.then), self.step_s
        )

    async def _download_all(self) -> None:
        """As customers do: by the link in the mail, and with the button of the page behind it."""
        steps = (step for case in self.cases for row in case.rows for step in row.steps)
        for expected in (expected for step in steps for expected in step.then if expected.download):
            copy = self.outside.journal.find(expected)
            link = copy and self._link_to(str(copy.facts["document_id"]))
            content = await asyncio.to_thread(_fetched, link) if link else None
            if copy is not None and content is not None:
                self.downloads[copy.facts["inquiry_id"]] = content

    def _link_to(self, document_id: str) -> str | None:
        link = re.compile(rf"https?://\S+\?id={re.escape(document_id)}&code=\w+")
        found = (link.search(mail.text) for mail in self.mailbox.mails())
        return next((match[0] for match in found if match), None)

    async def _mails(self, within_s: float) -> None:
        """A topic says when a mail is out: only then is the mailbox read."""
        await self.outside.journal.until(
            lambda: not mails_missing(self.cases, self._evidence()), within_s
        )

    def _evidence(self) -> Observed:
        return Observed(self.outside.journal.records, self.mailbox.mails(), self.downloads)


def _fetched(link: str) -> bytes | None:
    try:
        with _direct.open(link, timeout=10) as page:
            page.read()
        with _direct.open(link, data=b"", timeout=10) as answer:
            content: bytes = answer.read()
    except (OSError, ValueError):
        return None
    return content
