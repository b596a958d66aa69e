"""The embedded mailbox: an SMTP server that keeps every accepted mail as one `.eml` file.

Run as a process: `python -m desk.local.mailbox --port N --directory DIR`.
"""

import argparse
import asyncio
import hashlib
import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from desk.local.child import INSTALL_HINT, Child

READ_TIMEOUT_S = 2.0


def mailbox(directory: Path, port: int, mail: Path, *, inherit_fds: Collection[int] = ()) -> Child:
    """The SMTP server on `127.0.0.1:port` that keeps the mail in `mail`."""
    module = ("-m", "desk.local.mailbox")
    return Child(
        "mailbox",
        [sys.executable, *module, "--port", str(port), "--directory", str(mail)],
        log_file=directory / "logs" / "mailbox.log",
        inherit_fds=inherit_fds,
    )


async def mailbox_ready(port: int) -> bool:
    """Whether the server greets with the SMTP banner."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        banner = await asyncio.wait_for(reader.readline(), READ_TIMEOUT_S)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
    return banner.startswith(b"220 ")


class MailDirectory:
    """Mail as files named `<receive time in ns>-<digest>.eml`: a listing is in order of receipt.

    A mail that is accepted twice makes two files, so that duplicates can be counted.
    One process writes to a directory at a time.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        newest = max((file.name for file in directory.glob("*.eml")), default="0-")
        self._last_ns = int(newest.partition("-")[0])

    def keep(self, content: bytes) -> Path:
        """Write one mail; it is on disk, under its final name, when this returns."""
        # Never the same or an earlier name again, even if the system clock was set back.
        self._last_ns = max(time.time_ns(), self._last_ns + 1)
        digest = hashlib.sha256(content).hexdigest()[:12]
        final = self._directory / f"{self._last_ns:020d}-{digest}.eml"
        partial = final.with_suffix(".tmp")
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        self._sync_names()
        return final

    def _sync_names(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class KeepMail:
    """Called by aiosmtpd for each mail: `250` is answered only when the mail is on disk."""

    def __init__(self, mail: MailDirectory) -> None:
        self._mail = mail

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep the mail below the envelope's addresses, which mail headers need not repeat."""
        path = f"Return-Path: <{envelope.mail_from}>\r\n"
        recipients = "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
        kept = self._mail.keep((path + recipients).encode() + envelope.content)
        return f"250 OK kept as {kept.name}"


async def serve(port: int, directory: Path) -> None:
    """Accept mail on `127.0.0.1:port` until SIGTERM or SIGINT."""
    try:
        from aiosmtpd.smtp import SMTP  # the embedded extra: the product runs without it
    except ModuleNotFoundError:
        sys.exit(f"the embedded mailbox is not installed; try: {INSTALL_HINT}")

    handler = KeepMail(MailDirectory(directory))
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True, loop=loop),
        host="127.0.0.1",
        port=port,
    )
    async with server:
        await stopped.wait()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m desk.local.mailbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args(argv)
    asyncio.run(serve(options.port, options.directory))


if __name__ == "__main__":
    main()
