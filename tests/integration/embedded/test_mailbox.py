"""Every accepted mail is one file, in order of receipt, on disk before the sender hears `250`."""

import smtplib
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from desk.local.child import Child
from desk.local.mailbox import MailDirectory, mailbox, mailbox_ready
from desk.local.ports import choose_ports

CLOCK = "desk.local.mailbox.time.time_ns"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    port = choose_ports(["mailbox"], tmp_path / "ports.json")["mailbox"]
    child: Child = mailbox(tmp_path, port, tmp_path / "mail")
    child.start()
    await child.wait_ready(partial(mailbox_ready, port), timeout_s=10)
    yield port
    await child.stop()


def a_mail(subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "desk@example.test"
    mail["To"] = "cliente@example.test"
    mail["Subject"] = subject
    mail["Message-ID"] = "<notification-1@example.test>"
    mail.set_content("La cancelación está prevista.\n.una línea que empieza con un punto\n")
    return mail


def send(port: int, *mails: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
        for mail in mails:
            smtp.send_message(mail)


def subjects(directory: Path) -> list[str]:
    files = sorted(directory.glob("*.eml"))
    return [message_from_bytes(file.read_bytes())["Subject"] for file in files]


async def test_an_accepted_mail_is_on_disk_with_its_envelope_and_its_text(
    port: int, tmp_path: Path
) -> None:
    send(port, a_mail("Confirmación"))
    (file,) = (tmp_path / "mail").iterdir()
    mail = message_from_bytes(file.read_bytes())
    assert mail["Return-Path"] == "<desk@example.test>"
    assert mail["Delivered-To"] == "cliente@example.test"
    assert mail["Message-ID"] == "<notification-1@example.test>"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "\n.una línea" in text.decode().replace("\r\n", "\n")


async def test_a_mail_accepted_twice_makes_two_files(port: int, tmp_path: Path) -> None:
    mail = a_mail("Confirmación")
    send(port, mail, mail)
    assert len(subjects(tmp_path / "mail")) == 2


async def test_a_listing_is_in_order_of_receipt(port: int, tmp_path: Path) -> None:
    send(port, a_mail("z"), a_mail("a"), a_mail("m"))
    assert subjects(tmp_path / "mail") == ["z", "a", "m"]


def test_order_survives_a_restart_with_the_clock_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CLOCK, lambda: 2_000_000_000)
    first = MailDirectory(tmp_path).keep(b"first")
    monkeypatch.setattr(CLOCK, lambda: 1_000_000_000)
    second = MailDirectory(tmp_path).keep(b"second")
    assert sorted(tmp_path.iterdir()) == [first, second]
