"""The mail server's address, and what the service refuses to start with."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.notification.service import build
from shared.mail.smtp import MailServer
from tests.builders.notification import settings

SERVERS = [
    ("smtp://mail.example.test", MailServer("smtp", "mail.example.test", 25, None, None)),
    ("smtp://127.0.0.1:1025", MailServer("smtp", "127.0.0.1", 1025, None, None)),
    ("smtps://mail.example.test", MailServer("smtps", "mail.example.test", 465, None, None)),
    (
        "smtp+starttls://desk%40example.test:p%3Ass@mail.example.test",
        MailServer("smtp+starttls", "mail.example.test", 587, "desk@example.test", "p:ss"),
    ),
]


@pytest.mark.parametrize(("url", "server"), SERVERS)
def test_a_mail_servers_address_is_read(url: str, server: MailServer) -> None:
    assert settings(smtp_url=url).mail_server == server


@pytest.mark.parametrize("url", ["http://example.test", "smtp://", "example.test", "smtp://a b"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(smtp_url=url)


def test_secrets_are_not_shown() -> None:
    shown = repr(settings(smtp_url="smtp://u:oculto@example.test", recipient_hash_key="oculto"))

    assert "oculto" not in shown


def test_one_mail_must_fit_into_a_lease() -> None:
    with pytest.raises(ValidationError):
        settings(smtp_timeout_seconds=60, worker_lease_seconds=60)


@pytest.mark.parametrize("limit", ["unregistered_mails_per_hour", "unregistered_mails_per_day"])
def test_the_count_of_one_addresses_mails_stays_small(limit: str) -> None:
    assert getattr(settings(**{limit: 5_000}), limit) == 5_000
    with pytest.raises(ValidationError):
        settings(**{limit: 5_001})


def test_building_the_service_connects_to_nothing() -> None:
    service = build(settings(smtp_url="smtp://nowhere.invalid:1"))

    assert service.name == "notification"
    kinds = {decider.kind for decider in service.deciders if decider.publishes}
    assert kinds == {"notification", "summary"}
