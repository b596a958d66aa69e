"""Handing mails to an SMTP server over a few kept connections."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from shared.mail.pipelining import EXTENSION, Dialogue

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_IDLE_SECONDS = 30.0
_GOODBYE_SECONDS = 2.0
"""A server that does not answer QUIT holds up the end of the process no longer."""
SERVICE_CLOSING = 421
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in, and how. `smtp` never upgrades: plain means plain."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def at(cls, url: str) -> Self:
        """From smtp://, smtps:// or smtp+starttls://[user:password@]host[:port].

        Raises ValueError, without the URL, for anything else.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not _HOST.fullmatch(parts.hostname or ""):
            raise ValueError("expected smtp://, smtps:// or smtp+starttls:// and a host")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class MailRefused(Exception):
    """The mail was not taken: a machine's word for why, and whether trying again is no use.

    `server_fault`: the server would have taken no other mail either. `answered`: the server refused
    this recipient or this message. Never carries the server's text, which may quote the address.
    """

    def __init__(
        self,
        error: str,
        *,
        permanent: bool = False,
        server_fault: bool = False,
        answered: bool = False,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.permanent = permanent
        self.server_fault = server_fault
        self.answered = answered


class Mailer:
    """A few connections, opened when first needed and reused; each carries one mail at a time.

    A connection takes its next mail as soon as the server has answered. `unreported` bounds how
    many mails are on their way to the server or accepted by it, and not recorded yet: so many can
    a crash repeat.
    """

    def __init__(
        self, server: MailServer, *, connections: int, unreported: int, timeout: float
    ) -> None:
        self._server = server
        self._timeout = timeout
        self._unreported = asyncio.Semaphore(unreported)
        self._idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._all = [_Connection(server, timeout) for _ in range(connections)]
        for connection in self._all:
            self._idle.put_nowait(connection)

    async def send(
        self, sender: str, recipient: str, message: bytes, until_reported: AsyncExitStack
    ) -> None:
        """Returns once the server has accepted `message` for `recipient`. Raises MailRefused.

        `sender` and `recipient` are addresses in ASCII; `until_reported` is closed once the outcome
        is recorded. A 5xx answer to the recipient or to the message is permanent. Everything else
        may pass: 4xx, a server away or too slow, a sender or a login that it does not like today.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        async with AsyncExitStack() as until_answered:
            try:
                async with asyncio.timeout_at(deadline):
                    await until_reported.enter_async_context(self._unreported)
                    connection = await until_answered.enter_async_context(self._connection())
            except TimeoutError as error:  # the others take long, which is no fault of the server
                raise MailRefused("timeout") from error
            with _errors_as_refused():
                async with asyncio.timeout_at(deadline):
                    await connection.send(sender, recipient, message)

    async def ask(self, sender: str) -> None:
        """Whether the server lets the desk in and takes its sender. Raises MailRefused.

        Opens a new connection: an open one does not show that the server accepts no further ones.
        """
        connection = _Connection(self._server, self._timeout)
        with _errors_as_refused():
            async with asyncio.timeout(self._timeout):
                await connection.ask(sender)

    async def close(self) -> None:
        for connection in self._all:
            await connection.quit()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Connection]:
        connection = await self._idle.get()
        try:
            yield connection
        finally:
            self._idle.put_nowait(connection)


@contextmanager
def _errors_as_refused() -> Iterator[None]:
    try:
        yield
    except (TimeoutError, SMTPTimeoutError) as error:
        raise MailRefused("timeout", server_fault=True) from error
    except SMTPRecipientsRefused as error:
        raise _answered(error.recipients[0].code) from error
    except SMTPDataError as error:
        raise _answered(error.code) from error
    except SMTPAuthenticationError as error:
        raise MailRefused("smtp_authentication", server_fault=True) from error
    except SMTPResponseException as error:
        raise MailRefused(f"smtp_{error.code}", server_fault=True) from error
    except (SMTPException, OSError) as error:
        raise MailRefused("smtp_unavailable", server_fault=True) from error


def _answered(code: int) -> MailRefused:
    """An answer to one recipient or message; 421 is the server's goodbye to everybody."""
    if code == SERVICE_CLOSING:
        return MailRefused(f"smtp_{code}", server_fault=True)
    return MailRefused(f"smtp_{code}", permanent=500 <= code <= 599, answered=True)


class _Connection:
    def __init__(self, server: MailServer, timeout: float) -> None:
        self._used_at = 0.0
        self._dialogue: Dialogue | None = None
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=timeout,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",
        )

    async def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Any doubt about the connection's state closes it; the next mail opens a new one."""
        await self._ready()
        try:
            if self._dialogue is None:
                await self._smtp.sendmail(sender, [recipient], message)
            else:
                size = f" SIZE={len(message)}" if self._smtp.supports_extension("size") else ""
                await self._dialogue.send(sender, recipient, message, options=size)
        except (SMTPRecipientsRefused, SMTPDataError):
            self._used_at = time.monotonic()  # a sound conversation; the library has reset it
            raise
        except BaseException:
            self._close()
            raise
        self._used_at = time.monotonic()

    async def ask(self, sender: str) -> None:
        """Begin a mail and leave it at that."""
        try:
            await self._smtp.connect()
            await self._smtp.ehlo()
            await self._smtp.mail(sender)
            await self._smtp.quit()
        finally:
            self._smtp.close()

    async def _ready(self) -> None:
        """Reconnects after a long idle time: servers drop idle connections silently."""
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self._close()
        if self._dialogue is not None and not self._dialogue.is_in_step:
            self._close()
        if self._smtp.is_connected:
            return
        self._close()
        try:
            await self._smtp.connect()
            if self._smtp.is_ehlo_or_helo_needed:
                with suppress(SMTPHeloError):  # an old server: the library says HELO to it
                    await self._smtp.ehlo()
        except BaseException:
            self._close()
            raise
        transport = self._smtp.transport
        if transport is not None and self._smtp.supports_extension(EXTENSION):
            self._dialogue = Dialogue(cast(asyncio.Transport, transport))

    def _close(self) -> None:
        self._dialogue = None
        self._smtp.close()

    async def quit(self) -> None:
        with suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                if self._dialogue is not None:
                    await self._dialogue.quit()
                elif self._smtp.is_connected:
                    await self._smtp.quit()
        self._close()
