"""`desk up` shows the addresses of given servers, without passwords."""

from __future__ import annotations

import pytest

from desk.commands.up import without_password


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("mongodb://127.0.0.1:1/?a=b", "mongodb://127.0.0.1:1/?a=b"),
        ("mongodb://desk:se%40cret@one:1,two:2/?tls=true", "mongodb://desk@one:1,two:2/?tls=true"),
        ("smtps://post:secret@mail.example.org", "smtps://post@mail.example.org"),
        ("smtp://post@mail.example.org:25", "smtp://post@mail.example.org:25"),
    ],
)
def test_an_address_is_shown_without_its_password(given: str, shown: str) -> None:
    assert without_password(given) == shown
