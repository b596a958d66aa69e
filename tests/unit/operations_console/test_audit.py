"""The audit: every act with who, when and why; for auditors alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.operations_console.audit import ON_A_PAGE, act_of, audit_index
from shared.operations.dead_letters.letter import Original
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Browser

AUDIT = "/es/auditoria"
KEPT = timedelta(days=30)


def act(number: int, ce_type: str = "record.unmasked.v1", **data: Any) -> Original:
    told = {
        "thing": f"desk.submissions/3/{number}",
        "by": "luis",
        "why": f"razón {number}",
        "topic": "desk.submissions",
        "partition": 3,
        "offset": number,
    } | data
    headers = {
        "ce_type": ce_type,
        "ce_id": f"a-{number}",
        "ce_source": "/services/operations_console",
    }
    return Original(
        "desk.operations",
        0,
        number,
        b"k",
        json.dumps(told).encode(),
        tuple((name, it.encode()) for name, it in headers.items()),
        int(NOW.timestamp() * 1000) + number * 1000,
    )


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        yield console


@pytest.fixture
async def auditor(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("marta", Role.AUDITOR))


async def test_an_unmasking_is_in_the_audit_with_who_when_and_why(
    console: ConsoleOfFew, auditor: Browser
) -> None:
    await console.keeps(audit_index(KEPT), act(1042))

    answer = await auditor.get(AUDIT)

    assert answer.status == 200
    for told in ("luis", "razón 1042", "desk.submissions/3/1042", "mostrados a luis"):
        assert told in answer.body
    assert answer.body.count("<time ") == 1


async def test_acts_are_found_by_person_by_thing_and_by_kind(
    console: ConsoleOfFew, auditor: Browser
) -> None:
    letter = act(9, "dead_letter.discarded.v1", letter="0-7", by="eva@desk.example", thing=None)
    await console.keeps(audit_index(KEPT), act(1), act(2, by="eva@desk.example"), letter)

    async def found(query: str) -> int:
        return (await auditor.get(f"{AUDIT}?{query}")).body.count("<time ")

    assert await found("") == 3
    assert await found("q=luis") == 1
    assert await found("q=eva%40desk.example") == 2
    assert await found("q=0-7") == 1
    assert await found("q=desk.submissions/3/2") == 1
    assert await found("kind=unmasked") == 2
    assert await found("kind=letters&q=luis") == 0
    assert await found("kind=nonsense") == 3


async def test_acts_are_paged_the_last_one_first(console: ConsoleOfFew, auditor: Browser) -> None:
    await console.keeps(audit_index(KEPT), *(act(number) for number in range(ON_A_PAGE + 1)))

    first, second = await auditor.get(AUDIT), await auditor.get(f"{AUDIT}?from={ON_A_PAGE}")

    assert [it.body.count("<time ") for it in (first, second)] == [ON_A_PAGE, 1]
    assert f"razón {ON_A_PAGE}<" in first.body
    assert "razón 0<" in second.body
    assert f"from={ON_A_PAGE}" in first.body


def agents_act(ce_type: str, **data: Any) -> Original:
    told = act(1, ce_type)
    value = json.dumps({"agent_id": "luis"} | data).encode()
    return replace(told, topic="desk.agent-actions", value=value)


async def test_an_agents_act_is_in_the_audit_without_anybodys_words(
    console: ConsoleOfFew, auditor: Browser
) -> None:
    words = {"contract_number": "K-1", "approved": False, "reason": "Ana Pérez debe dinero"}
    await console.keeps(
        audit_index(KEPT), agents_act("agent.referral_decided.v1", **words), act(2, by="eva")
    )

    page, by_thing, by_kind = [
        (await auditor.get(f"{AUDIT}{query}")).body
        for query in ("?q=luis", "?q=K-1", "?kind=agents")
    ]

    for body in (page, by_thing, by_kind):
        assert body.count("<time ") == 1
        assert "luis" in body
        assert "K-1" in body
        assert "Ana" not in body


@pytest.mark.parametrize(
    ("ce_type", "field", "topic"),
    [
        ("agent.access_authorised.v1", "customer_id", "desk.customers"),
        ("agent.inquiry_answered.v1", "inquiry_id", "desk.inquiry-states"),
    ],
)
async def test_an_act_that_names_who_is_forgotten_goes_with_him(
    console: ConsoleOfFew, auditor: Browser, ce_type: str, field: str, topic: str
) -> None:
    named = agents_act(ce_type, **{field: "id-1"})
    other = replace(agents_act(ce_type, **{field: "id-2"}), offset=2)
    later = int(NOW.timestamp() * 1000) + 60_000
    forgotten = Original(topic, 0, 9, b"id-1", None, (), later)
    await console.keeps(audit_index(KEPT), named, other)
    before = (await auditor.get(AUDIT)).body

    await console.keeps(audit_index(KEPT), forgotten, named)
    after = (await auditor.get(AUDIT)).body

    assert "id-1" in before
    assert "id-1" not in after
    assert "id-2" in after


@pytest.mark.parametrize("data", [{"by": None}, {"by": 7}])
def test_what_names_nobody_is_no_act(data: dict[str, Any]) -> None:
    assert act_of(act(1, **data), KEPT) is None


def test_an_act_repeats_nothing_that_is_hidden() -> None:
    found = act_of(act(1, comment="Ana Pérez", thing="Ana Pérez"), KEPT)

    assert found is not None
    assert "Ana" not in json.dumps(found, ensure_ascii=False, default=str)
