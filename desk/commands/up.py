"""`desk up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from desk.commands.console import console
from desk.commands.errors import DeskError
from desk.commands.samples import ADDRESS, CUSTOMER, fill
from desk.local.supervisor import Desk, desk_up
from desk.local.watched import Say

TRY_NEXT = (
    "desk submit cancellation --customer C-1001 --contract K-2001 --destruction-confirmed"
    " --name 'Cliente de Prueba' --email cliente@example.test --wait --mail",
    "desk mail",
    "desk doctor",
)


def up(
    *,
    directory: Path,
    kafka: str | None,
    mongo: str | None,
    smtp: str | None,
) -> None:
    """Start everything here, and stay until Ctrl-C."""
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
            directory,
            kafka=kafka,
            mongo=mongo,
            smtp=smtp,
            portal=True,
            console=True,
            say=_saying(out),
        ) as desk:
            if kafka is None:
                await fill(desk)
            show(desk, out)
            try:
                await asyncio.Event().wait()
            finally:
                out.print("Stopping …")
    except asyncio.CancelledError:
        out.print(f"Stopped. `desk up` continues from here; to start afresh, remove {directory}.")


def _saying(out: Console) -> Say:
    return lambda line: out.print(line, style="yellow", soft_wrap=True)


def show(desk: Desk, out: Console) -> None:
    """Shows the addresses of the servers, and a command to try."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    ends = desk.endpoints
    table.add_row("broker", ends.kafka_bootstrap_servers)
    table.add_row("database", without_password(ends.mongo_url))
    table.add_row("mail", without_password(ends.smtp_url))
    if ends.mailbox is not None:
        table.add_row("mailbox", _shown(ends.mailbox))
    for name, service in desk.services.items():
        lines = (service.health_url, service.metrics_url, _shown(service.log_file))
        table.add_row(name, Text("\n".join(lines)))
    out.print()
    out.print(table)
    out.print(f"\nFor any Kafka client: export KAFKA={ends.kafka_bootstrap_servers}")
    out.print("\nThe desk is open. Ctrl-C stops it. In another terminal, try:")
    for line in TRY_NEXT:
        out.print(f"  {line}", style="cyan", soft_wrap=True)
    if ends.portal is not None:
        _show_portal(desk, out)
        _show_api(desk, out)
    if ends.console is not None:
        _show_console(desk, out)


def _show_portal(desk: Desk, out: Console) -> None:
    """Where a browser finds the pages, and how somebody signs in there."""
    out.print("\nThe customer portal, for a browser:")
    out.print(f"  {desk.endpoints.portal}", style="cyan", soft_wrap=True)
    if "broker" in desk.stack.children:
        code = "`desk mail` shows the code" if desk.endpoints.mailbox else "the code comes by mail"
        out.print(f"  Sign in as {ADDRESS}; {code}.", soft_wrap=True)


def _show_api(desk: Desk, out: Console) -> None:
    """How a partner's system gets a token."""
    api = f"{desk.endpoints.portal}/api/v1"
    token = f'curl -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials {api}/token'
    out.print("\nThe same for partners' systems (docs/api.md); a token for one:")
    for line in (f'eval "$(desk partner add acme --customer {CUSTOMER})"', token):
        out.print(f"  {line}", style="cyan", soft_wrap=True)


def _show_console(desk: Desk, out: Console) -> None:
    """Where the company's own people find theirs, and how the first one gets in."""
    out.print("\nThe operations console; make an account, then sign in with the code of its mail:")
    account = "desk staff add ana --email ana@desk.example --role reader"
    for line in (f"{desk.endpoints.console}", account):
        out.print(f"  {line}", style="cyan", soft_wrap=True)


def without_password(url: str) -> str:
    """The address of a server and who connects to it."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}").geturl()


def _shown(path: Path) -> str:
    """Relative to where the desk was started, if it lies below: short enough to read."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
