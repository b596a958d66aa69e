"""`desk demo`: a whole desk, every kind of request through Kafka, and a check of every outcome."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from rich.console import Console

from desk.commands.console import console
from desk.commands.plain_failure import told_plainly
from desk.commands.samples import fill
from desk.commands.up import show as show_desk
from desk.demo.outside import World
from desk.demo.play import Play
from desk.demo.received_mail import Mailbox
from desk.demo.scenario import OVERRIDES, scenario
from desk.demo.table import show
from desk.demo.verdict import Verdict, judge, requests_in
from desk.demo.watch import outside
from desk.local.broker import plain
from desk.local.supervisor import Desk, desk_up

INTERRUPTED = 130
RECORDS = "records.jsonl"
"""Every record that the demo saw, one a line, in the demo's directory."""
WHERE_NEXT = """
Where to look next:
  desk up          start a desk that stays, and what to try on it
  docs/events.md   every topic and event that was used here"""


def demo(directory: Path | None = None, *, keep: bool = False) -> int:
    """Play the scenario on a desk of its own; 0 only if everything came as the domain page says.

    Without a directory, a temporary one is used and removed again if all went well. Raises
    `ChildError` if the desk cannot be started. With `keep` the desk then stays, with the sample
    company and the portal, until Ctrl-C. Call it from the main thread.
    """
    out = console()
    place = directory or Path(tempfile.mkdtemp(prefix="desk-demo-"))
    started = time.monotonic()
    verdict: Verdict | None = None
    try:
        verdict = asyncio.run(_demo(place, out, keep=keep))
    except asyncio.CancelledError:
        out.print("Interrupted; everything that was started has been stopped.")
        return INTERRUPTED
    finally:
        passed = verdict is not None and verdict.exit_code == 0
        if directory is None and (passed or verdict is None):
            shutil.rmtree(place, ignore_errors=True)
    show(verdict, time.monotonic() - started, out)
    if not passed:
        out.print(f"The services' logs and the mails are in {place}", soft_wrap=True)
    out.print(WHERE_NEXT, soft_wrap=True)
    return verdict.exit_code


async def _demo(directory: Path, out: Console, *, keep: bool) -> Verdict:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    out.print(f"Starting a desk in {directory} …", soft_wrap=True)
    async with desk_up(directory, overrides=OVERRIDES, portal=keep) as desk:
        mail = desk.endpoints.mailbox
        assert mail is not None
        async with outside(plain(desk.endpoints.kafka_bootstrap_servers)) as wire:
            cases = scenario(World(token_hex(2), datetime.now(UTC)))
            out.print(
                f"Sending {requests_in(cases)} requests through Kafka, waiting for all answers …"
            )
            evidence = await Play(cases, wire, Mailbox(mail)).perform()
        (directory / RECORDS).write_text("".join(f"{record.as_json}\n" for record in evidence.seen))
        verdict = judge(cases, evidence)
        if keep:
            await _keep(desk, out)
        return verdict


async def _keep(desk: Desk, out: Console) -> None:
    """Until Ctrl-C; then the verdict is shown as ever."""
    await fill(desk)
    show_desk(desk, out)
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def main() -> None:
    with told_plainly():
        sys.exit(demo())


if __name__ == "__main__":
    main()
