"""Mails: what waits, what was sent, and what was not and why; without any address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from services.operations_console.mails import ON_A_PAGE, mail_index, mail_of
from shared.kafka.records import Record
from shared.operations.dead_letters.letter import Original
from shared.runtime.operations.answers import DueRecord
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

MAILS = "/es/correos"
KEPT = timedelta(days=30)
HASH = "a1b2" * 16


def told(number: int, error: str | None = None, **data: Any) -> Record:
    said = {
        "notification_id": f"n-{number}",
        "template": "inquiry_opened",
        "recipient_hash": HASH,
        "customer_id": "C-1",
        "inquiry_id": f"i-{number}",
        "attempts": 1,
    } | data
    said |= {} if error is None else {"error": error}
    kind = "sent" if error is None else "failed"
    headers = (
        ("ce_type", f"notification.{kind}.v1".encode()),
        ("ce_id", f"e-{number}".encode()),
        ("ce_source", b"/services/notification"),
    )
    at = int(NOW.timestamp() * 1000) + number * 1000
    value = json.dumps(said).encode()
    return cast(Record, Original("desk.notifications", 0, number, b"k", value, headers, at))


def tombstone(customer_id: str) -> Record:
    at = int(NOW.timestamp() * 1000) + 10**6
    return cast(Record, Original("desk.customers", 0, 1, customer_id.encode(), None, (), at))


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        yield console


@pytest.fixture
async def reader(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("luis", Role.READER))


async def test_mails_are_told_with_what_became_of_them_and_found_by_any_id(
    console: ConsoleOfFew, reader: Browser
) -> None:
    held_back, refused = told(2, "rate_limited"), told(3, "550 refused", attempts=4)
    await console.keeps(mail_index(KEPT), told(1), held_back, refused)

    async def count(query: str) -> int:
        page = await reader.get(f"{MAILS}?{query}")
        assert page.status == 200
        assert weight_of(page.body) <= MOST_BYTES
        return page.body.count("<time ")

    page = await reader.get(MAILS)
    for words in ("inquiry_opened", "550 refused", "rate_limited", f"{HASH[:12]}…", "i-1"):
        assert words in page.body
    assert page.body.index("i-3") < page.body.index("i-2"), "the last one first"
    assert [await count(f"fate={it}") for it in ("sent", "failed", "rate_limited", "x")] == [
        *(1, 1, 1, 3)
    ]
    assert [await count(f"q={it}") for it in (HASH, "n-2", "i-3", "C-1", "C-2")] == [3, 1, 1, 3, 0]
    assert (await reader.get(f"{MAILS}?q=ana@example.test")).status == 422


async def test_what_waits_stands_above_with_its_next_attempt(
    console: ConsoleOfFew, reader: Browser
) -> None:
    hour = timedelta(hours=1)
    console.records.falls_due = [
        DueRecord(kind="notification", id="n-7", what="work", at=NOW + hour),
        DueRecord(kind="limit", id="n-8", what="timer", at=NOW),
    ]

    page = await reader.get(MAILS)

    assert "dentro de 1 hora" in page.body
    assert ("n-7" in page.body, "n-8" in page.body) == (True, False)
    console.records.silent = True
    assert "no contesta" in (await reader.get(MAILS)).body


async def test_the_mails_have_pages(console: ConsoleOfFew, reader: Browser) -> None:
    await console.keeps(mail_index(KEPT), *(told(number) for number in range(ON_A_PAGE + 5)))

    first, second = await reader.get(MAILS), await reader.get(f"{MAILS}?from={ON_A_PAGE}")

    assert first.body.count("<time ") == ON_A_PAGE
    assert second.body.count("<time ") == 5
    assert f"from={ON_A_PAGE}" in first.body


async def test_who_is_forgotten_has_no_mails(console: ConsoleOfFew, reader: Browser) -> None:
    await console.keeps(mail_index(KEPT), told(1), told(2, customer_id="C-2"), tombstone("C-1"))

    page = await reader.get(MAILS)

    assert page.body.count("<time ") == 1
    assert "i-1" not in page.body


@pytest.mark.parametrize("data", [{"attempts": "many"}, {"notification_id": None}])
def test_what_only_claims_to_tell_of_a_mail_has_no_entry(data: dict[str, Any]) -> None:
    assert mail_of(told(1, **data), KEPT) is None


def test_what_a_mail_names_that_is_no_id_is_hidden() -> None:
    entry = mail_of(told(1, customer_id="Ana Pérez", template="<b>x y"), KEPT)

    assert entry is not None
    assert "Ana" not in str(entry)
    assert entry["template"] == "•••"
