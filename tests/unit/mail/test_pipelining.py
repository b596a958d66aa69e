"""Mails in two writes: what is sent when, and what an answer out of turn does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from shared.mail.pipelining import Dialogue, sendable, transparent
from shared.mail.smtp import Mailer, MailRefused, MailServer

SENDER, RECIPIENT = "desk@example.test", "customer@example.test"
MAIL = b"Subject: hello\r\n\r\nA line.\r\n.hidden\r\n"
ACCEPTED = ("250 ok", "250 ok", "354 go on", "250 queued")


class Scripted:
    """An SMTP server that answers by a script, one list of answers for each connection.

    A bar is a line's end; an ellipsis at the end leaves the last line without one.

    `read` holds what came before each of them was given: whole groups, where a client sends them.
    """

    def __init__(self, *scripts: Sequence[str], extensions: str = "PIPELINING") -> None:
        self._scripts = [*scripts]
        self._extensions = extensions
        self.read: list[bytes] = []
        self.connections = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[self.connections]
        self.connections += 1
        writer.write(b"220 here\r\n")
        await reader.readline()
        writer.write(f"250-here\r\n250-SIZE 100000\r\n250 {self._extensions}\r\n".encode())
        for answer in script:
            self.read.append(await reader.read(65536))
            if answer == "hang up":
                break
            unfinished = answer.endswith("…")
            said = answer.rstrip("…").replace("|", "\r\n") + ("" if unfinished else "\r\n")
            writer.write(said.encode())
        else:
            await reader.read()
        writer.close()


@asynccontextmanager
async def mailer(server: Scripted) -> AsyncIterator[Mailer]:
    listening = await asyncio.start_server(server.talk, "127.0.0.1")
    port = listening.sockets[0].getsockname()[1]
    opened = Mailer(
        MailServer("smtp", "127.0.0.1", port, None, None), connections=1, unreported=1, timeout=5
    )
    async with listening:
        try:
            yield opened
        finally:
            for connection in opened._all:
                connection._close()


async def send(opened: Mailer, message: bytes = MAIL) -> str | None:
    """Sends a mail and returns the error of its refusal, if it was refused."""
    async with AsyncExitStack() as until_reported:
        try:
            await opened.send(SENDER, RECIPIENT, message, until_reported)
        except MailRefused as refused:
            return refused.error
    return None


IN_TWO_WRITES = ("250 ok|250 ok|354 go on", "250 queued")


async def test_a_mail_is_two_writes() -> None:
    server = Scripted([*IN_TWO_WRITES, *IN_TWO_WRITES])
    async with mailer(server) as opened:
        assert [await send(opened), await send(opened)] == [None, None]

    group = f"MAIL FROM:<{SENDER}> SIZE={len(MAIL)}\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode()
    assert server.read == [group, transparent(MAIL)] * 2
    assert server.connections == 1


async def test_without_the_extension_each_command_waits_for_its_answer() -> None:
    server = Scripted(ACCEPTED, extensions="HELP")
    async with mailer(server) as opened:
        assert await send(opened) is None

    assert [said.partition(b" ")[0].strip() for said in server.read[:3]] == [
        b"MAIL",
        b"RCPT",
        b"DATA",
    ]


async def test_answers_in_pieces_and_of_several_lines_are_each_one_answer() -> None:
    server = Scripted(["250-first|250-second|250 third|250 ok|354 go on", "250-a|250 b"])
    async with mailer(server) as opened:
        assert await send(opened) is None


@pytest.mark.parametrize(
    ("group", "error"),
    [
        ("250 ok|550 unknown|354 go on", "smtp_550"),
        ("553 not you|250 ok|354 go on", "smtp_553"),
    ],
)
async def test_no_empty_mail_goes_out_where_a_refusal_is_followed_by_go_on(
    group: str, error: str
) -> None:
    server = Scripted([group, "250 an empty mail"], IN_TWO_WRITES)
    async with mailer(server) as opened:
        assert await send(opened) == error
        assert await send(opened) is None

    assert b"" in server.read[1:2], "the first connection ends without another word"
    assert server.connections == 2


async def test_after_a_refused_recipient_the_connection_takes_the_next_mail() -> None:
    server = Scripted(["250 ok|450 later|503 no recipient", "250 forgotten", *IN_TWO_WRITES])
    async with mailer(server) as opened:
        assert await send(opened) == "smtp_450"
        assert await send(opened) is None

    assert server.read[1] == b"RSET\r\n"
    assert server.connections == 1


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_mails() -> None:
    """A server's goodbye comes while the connection is idle; the next mail takes a new one."""
    server = Scripted(
        ["250 ok|250 ok|354 go on", "250 queued|421 closing"],
        ["250 ok|550 unknown|503 no", "250 ok"],
    )
    async with mailer(server) as opened:
        assert await send(opened) is None
        await asyncio.sleep(0.05)
        assert await send(opened) == "smtp_550"

    assert server.connections == 2


async def test_a_server_that_answers_without_end_is_cut_off_although_nobody_asks() -> None:
    ended = asyncio.Event()

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"250 ok\r\n" * 1_000)
                await writer.drain()
        ended.set()

    server = await asyncio.start_server(flood, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(10):
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, "127.0.0.1", port
        )
        dialogue = Dialogue(transport)
        await ended.wait()

    assert not dialogue.is_in_step
    assert len(dialogue._answers) < 100_000


async def test_a_server_that_hangs_up_before_it_has_accepted_has_not_accepted() -> None:
    server = Scripted(["250 ok|250 ok|354 go on", "hang up"], IN_TWO_WRITES)
    async with mailer(server) as opened:
        assert await send(opened) == "smtp_unavailable"
        assert await send(opened) is None


async def test_a_goodbye_in_the_middle_is_told_as_such() -> None:
    server = Scripted(["250 ok|421 closing", "hang up"], IN_TWO_WRITES)
    async with mailer(server) as opened:
        sending = asyncio.create_task(send(opened))
        await asyncio.sleep(0.05)
        opened._all[0]._dialogue._transport.abort()  # type: ignore[union-attr]
        assert await sending == "smtp_421"


@pytest.mark.parametrize("nonsense", ["hello", "25", "2" * 40_000 + "…"])
async def test_a_server_that_talks_nonsense_is_left(nonsense: str) -> None:
    server = Scripted([f"250 ok|250 ok|{nonsense}"], IN_TWO_WRITES)
    async with mailer(server) as opened:
        assert await send(opened) == "smtp_unavailable"
        assert await send(opened) is None


LINES: dict[str, tuple[bytes, bytes]] = {
    "as it is": (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
    "without an end": (b"a", b"a\r\n.\r\n"),
    "line feeds": (b"a\nb\n", b"a\r\nb\r\n.\r\n"),
    "a lone carriage return": (b"a\rb\r\n", b"a\r\nb\r\n.\r\n"),
    "dots": (b".a\r\n..b\r\nc.\r\n", b"..a\r\n...b\r\nc.\r\n.\r\n"),
    "an end of its own": (b"a\r\n.\r\nMAIL FROM:<x>\r\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
    "the same with lone line feeds": (b"a\n.\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
    "nothing": (b"", b"\r\n.\r\n"),
}


@pytest.mark.parametrize(("message", "sent"), LINES.values(), ids=LINES)
def test_no_line_of_a_message_can_end_it(message: bytes, sent: bytes) -> None:
    assert transparent(message) == sent


@pytest.mark.parametrize(
    "address", ["a@x.test\r\nRCPT TO:<b@x.test>", "a b@x.test", "a>@x", "", "ñ@x"]
)
def test_an_address_with_anything_else_in_it_reaches_no_server(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        sendable(address)
