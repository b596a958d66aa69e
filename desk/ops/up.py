"""`desk up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from desk.ops import options
from desk.ops.errors import DeskError
from desk.ops.screen import console
from desk.ops.supervisor import Desk, desk_up
from desk.ops.watching import Say

TRY_NEXT = (
    "desk submit inquiry --customer C-1 --type contracts --subject Hello"
    " --text 'What is my notice period?' --email cliente@example.test --wait",
    "desk mail",
    "desk doctor",
)


def up(
    directory: Annotated[
        Path, typer.Option("--directory", help="Where data, logs, mail and addresses are kept.")
    ] = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
    smtp: options.Smtp = None,
) -> None:
    """Start everything here, and stay until Ctrl-C.

    That is broker, database, mailbox and all services. Only what has no address given (option or
    environment variable) is started here. Whatever dies is started again. Data stays in the
    folder for the next time.
    """
    try:
        asyncio.run(_until_stopped(directory, kafka, mongo, smtp))
    except OSError as error:
        advice = "take another with --directory"
        raise DeskError(f"{directory} cannot be used ({error.strerror}); {advice}.") from None


async def _until_stopped(
    directory: Path, kafka: str | None, mongo: str | None, smtp: str | None
) -> None:
    out = console()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    out.print(f"Starting the desk in {directory} …", soft_wrap=True)
    try:
        async with desk_up(
            directory, kafka=kafka, mongo=mongo, smtp=smtp, say=_saying(out)
        ) as desk:
            show(desk, out)
            try:
                await asyncio.Event().wait()
            finally:
                out.print("Stopping …")
    except asyncio.CancelledError:
        out.print(f"Stopped. `desk up` goes on from here; to start afresh, remove {directory}.")


def _saying(out: Console) -> Say:
    return lambda line: out.print(line, style="yellow", soft_wrap=True)


def show(desk: Desk, out: Console) -> None:
    """What runs where, and what to try next."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    ends = desk.endpoints
    table.add_row("broker", ends.kafka_bootstrap_servers)
    table.add_row("database", ends.mongo_url)
    table.add_row("mail", ends.smtp_url)
    if ends.mailbox is not None:
        table.add_row("mailbox", _shown(ends.mailbox))
    for name, service in desk.services.items():
        lines = (service.health_url, service.metrics_url, _shown(service.log_file))
        table.add_row(name, Text("\n".join(lines)))
    out.print()
    out.print(table)
    out.print("\nThe desk is open. Ctrl-C stops it. In another terminal, try:")
    for line in TRY_NEXT:
        out.print(f"  {line}", style="cyan", soft_wrap=True)


def _shown(path: Path) -> str:
    """Relative to where the desk was started, if it lies below: short enough to read."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
