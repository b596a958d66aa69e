"""Whole mails in two writes instead of four, where the server offers PIPELINING (RFC 2920).

`aiosmtplib` connects, secures and logs in; it drops every answer that it does not wait for, so the
mails on such a connection are handed over here.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import suppress

from aiosmtplib import (
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

EXTENSION = "pipelining"
COMPLETED, WILL_FORWARD, START_INPUT = 250, 251, 354
MOST_UNREAD_BYTES = 32 * 1024
MOST_UNREAD_ANSWERS = 100
"""A server that answers without end is cut off, also on a connection that nobody uses."""
_SENDABLE = re.compile(r"[!-;=?-~]+")
"""An address on a command's line: printable ASCII without blanks and angle brackets."""
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Dialogue(asyncio.Protocol):
    """A connection on which commands are sent in groups; their answers are read in order.

    It takes over `transport`, on which the server has said all that it had to say.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._unread = bytearray()
        self._answers: deque[int] = deque()
        self._answered: asyncio.Future[None] | None = None
        self._ended: Exception | None = None
        transport.set_protocol(self)

    @property
    def is_in_step(self) -> bool:
        """Whether the server is there and has said nothing that nobody asked for."""
        said_more = self._answers or self._unread
        return self._ended is None and not self._transport.is_closing() and not said_more

    async def send(self, sender: str, recipient: str, message: bytes, *, options: str = "") -> None:
        """Returns once the server has accepted it. Raises the library's errors, or ValueError.

        After `SMTPRecipientsRefused` and `SMTPDataError` the connection may take the next mail;
        after anything else it may not.
        """
        mail, rcpt = f"MAIL FROM:<{sendable(sender)}>{options}", f"RCPT TO:<{sendable(recipient)}>"
        self._write(f"{mail}\r\n{rcpt}\r\nDATA\r\n".encode("ascii"))
        taken, recipient_taken, data = await self._group_of_three()
        refused = _refused(taken, recipient_taken, sender, recipient)
        if refused is None and data is not None and data != START_INPUT:
            refused = SMTPDataError(data, "")
        if refused is not None:
            await self._give_up(data)
            raise refused
        if data is None:
            raise SMTPServerDisconnected("connection lost")
        self._write(transparent(message))
        accepted = await self._answer()
        if accepted != COMPLETED:
            raise SMTPDataError(accepted, "")

    async def quit(self) -> None:
        """Says goodbye; the server's answer is of no interest. Raises `SMTPServerDisconnected`."""
        self._write(b"QUIT\r\n")
        await self._answer()

    async def _group_of_three(self) -> tuple[int | None, int | None, int | None]:
        """The codes of three answers; None for those that a server no longer gave."""
        codes: list[int | None] = [None, None, None]
        with suppress(SMTPServerDisconnected):
            for place in range(len(codes)):
                codes[place] = await self._answer()
        return codes[0], codes[1], codes[2]

    async def _give_up(self, data: int | None) -> None:
        """The server forgets the mail, or the connection is closed.

        RFC 2920, 3.1: DATA may be answered with 354 although no recipient was taken. Whoever then
        ends the text sends an empty mail, if the server takes it; one that is cut off is no mail.
        """
        if data == START_INPUT:
            self._transport.abort()
            return
        with suppress(SMTPServerDisconnected):
            self._write(b"RSET\r\n")
            if await self._answer() != COMPLETED:
                self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._ended is not None or self._transport.is_closing():
            raise SMTPServerDisconnected("connection lost")
        self._transport.write(data)

    async def _answer(self) -> int:
        """The code of the next answer."""
        while not self._answers:
            if self._ended is not None:
                raise SMTPServerDisconnected("connection lost") from self._ended
            self._answered = asyncio.get_running_loop().create_future()
            await self._answered
        return self._answers.popleft()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        for line in lines:
            if not line[:3].isdigit():
                return self._end(SMTPResponseException(-1, "malformed answer"))
            if line[3:4] != b"-":
                self._answers.append(int(line[:3]))
        if len(self._unread) > MOST_UNREAD_BYTES or len(self._answers) > MOST_UNREAD_ANSWERS:
            return self._end(SMTPResponseException(-1, "answers without end"))
        return self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionResetError())

    def _end(self, why: Exception) -> None:
        self._ended = why
        self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)


def _refused(
    taken: int | None, recipient_taken: int | None, sender: str, recipient: str
) -> SMTPSenderRefused | SMTPRecipientsRefused | SMTPDataError | None:
    if taken is not None and taken != COMPLETED:
        return SMTPSenderRefused(taken, "", sender)
    if recipient_taken is not None and recipient_taken not in (COMPLETED, WILL_FORWARD):
        return SMTPRecipientsRefused([SMTPRecipientRefused(recipient_taken, "", recipient)])
    return None


def sendable(address: str) -> str:
    """The address, if it may stand on a command's line. Raises ValueError, without the address."""
    if not _SENDABLE.fullmatch(address):
        raise ValueError("not an address that may be sent")
    return address


def transparent(message: bytes) -> bytes:
    """The message as it travels (RFC 5321, 4.5.2): its lines end in CRLF, a leading dot is doubled.

    With the line that ends it.
    """
    lines = message if _has_proper_lines(message) else _LINE_END.sub(b"\r\n", message)
    stuffed = (b"." if lines.startswith(b".") else b"") + lines.replace(b"\n.", b"\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _has_proper_lines(message: bytes) -> bool:
    """Whether it has neither a CR nor a LF alone, as a composed mail never has."""
    return message.count(b"\n") == message.count(b"\r") == message.count(b"\r\n")
