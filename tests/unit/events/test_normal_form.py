"""A submission said twice is recognised, however a channel writes it the second time."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.normal_form import normalised

DEFAULTS = {"language": "es", "close": False}
SAID = {
    "text": "Hola",
    "received_at": "2026-03-02T10:59:00.5+01:00",
    "authentication": {"at": "2026-03-02T10:58:00+01:00"},
}


@pytest.mark.parametrize(
    "again",
    [
        {"comment": None},
        {"comment": " \u200b"},
        {"close": False},
        {"text": " Hola\r\n"},
        {"language": "es"},
        {"language": " es "},
        {"language": "ES"},
        {"language": "es-MX"},
        {"received_at": "2026-03-02T09:59:00.5Z"},
        {"received_at": "2026-03-02t09:59:00.500000000z"},
        {"authentication": {"at": "2026-03-02T09:58:00Z"}},
    ],
)
def test_the_same_in_other_words_has_the_same_normal_form(again: dict[str, Any]) -> None:
    assert normalised({**SAID, **again}, DEFAULTS) == normalised(SAID, DEFAULTS)


@pytest.mark.parametrize(
    "other",
    [
        {"text": "hola"},
        {"close": True},
        {"close": 0},
        {"language": "en"},
        {"language": "fr"},
        {"received_at": "2026-03-02T09:59:00.6Z"},
        {"comment": "Hola"},
        {"authentication": {"at": "2026-03-02T09:58:01Z"}},
    ],
)
def test_another_message_has_another_normal_form(other: dict[str, Any]) -> None:
    assert normalised({**SAID, **other}, DEFAULTS) != normalised(SAID, DEFAULTS)
