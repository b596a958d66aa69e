"""Handing mails to an SMTP server over a few kept connections."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from typing import Self
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_IDLE_SECONDS = 30.0
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


class Refused(Exception):
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

    A connection takes its next mail once the outcome of the last is reported: no more mails than
    there are connections are between the server's acceptance and the record of it.
    """

    def __init__(self, server: MailServer, *, connections: int, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        self._all = [_Connection(server, timeout) for _ in range(connections)]
        for connection in self._all:
            self._idle.put_nowait(connection)

    async def send(self, message: Message, recipient: str, until_reported: AsyncExitStack) -> None:
        """Returns once the server has accepted `message` for `recipient`. Raises Refused.

        A 5xx answer to the recipient or to the message is permanent. Everything else may pass:
        4xx, a server away or too slow, a sender or a login that the server does not like today.
        """
        sender = parseaddr(message["From"])[1]
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(deadline):
                connection = await until_reported.enter_async_context(self._connection())
        except TimeoutError as error:  # all connections are busy, which is no fault of the server
            raise Refused("timeout") from error
        with _errors_as_refused():
            async with asyncio.timeout_at(deadline):
                await connection.send(sender, recipient, message.as_bytes())

    async def ask(self, mail_from: str) -> None:
        """Whether the server lets the desk in and takes its sender. Raises Refused.

        Opens a new connection: an open one does not show that the server accepts no further ones.
        """
        connection = _Connection(self._server, self._timeout)
        with _errors_as_refused():
            async with asyncio.timeout(self._timeout):
                await connection.ask(parseaddr(mail_from)[1])

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
        raise Refused("timeout", server_fault=True) from error
    except SMTPRecipientsRefused as error:
        raise _answered(error.recipients[0].code) from error
    except SMTPDataError as error:
        raise _answered(error.code) from error
    except SMTPAuthenticationError as error:
        raise Refused("smtp_authentication", server_fault=True) from error
    except SMTPResponseException as error:
        raise Refused(f"smtp_{error.code}", server_fault=True) from error
    except (SMTPException, OSError) as error:
        raise Refused("smtp_unavailable", server_fault=True) from error


def _answered(code: int) -> Refused:
    """An answer to one recipient or message; 421 is the server's goodbye to everybody."""
    if code == SERVICE_CLOSING:
        return Refused(f"smtp_{code}", server_fault=True)
    return Refused(f"smtp_{code}", permanent=500 <= code <= 599, answered=True)


class _Connection:
    def __init__(self, server: MailServer, timeout: float) -> None:
        self._used_at = 0.0
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
            await self._smtp.sendmail(sender, [recipient], message)
        except (SMTPRecipientsRefused, SMTPDataError):
            self._used_at = time.monotonic()  # a sound conversation; the library has reset it
            raise
        except BaseException:
            self._smtp.close()
            raise
        self._used_at = time.monotonic()

    async def ask(self, sender: str) -> None:
        """Begin a mail and leave it at that."""
        try:
            await self._ready()
            await self._smtp.ehlo()
            await self._smtp.mail(sender)
            await self._smtp.quit()
        finally:
            self._smtp.close()

    async def _ready(self) -> None:
        """Reconnects after a long idle time: servers drop idle connections silently."""
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self._smtp.close()
        if self._smtp.is_connected:
            return
        try:
            await self._smtp.connect()
        except BaseException:
            self._smtp.close()
            raise

    async def quit(self) -> None:
        try:
            if self._smtp.is_connected:
                await self._smtp.quit()
        except (SMTPException, OSError):
            self._smtp.close()
