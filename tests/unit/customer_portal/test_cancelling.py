"""The cancellation's pages (F10-F12): who comes to them, and what stands against what they say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from services.customer_portal.pages.cancellation import MOST
from services.customer_portal.pages.common import hours
from services.customer_portal.previews import PreviewedDecision
from tests.builders.portal import NOW, Answer, Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import ANA, contract, profile

CANCEL, EVIDENCE, WITHDRAW = (
    "/es/cancelar",
    "/es/contratos/K-1/completar",
    "/es/contratos/K-1/retirar",
)
TODAY = NOW.date()
AT_MOST = timedelta(days=366)


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        yield portal


async def keep(portal: PortalOfFew, status: str = "none", **facts: str) -> None:
    kept = contract("K-1")
    kept["facts"] |= {"status": "active"} | facts
    kept["cancellation"]["status"] = status
    if status == "none":
        kept["cancellation"] = {"status": "none"}
    await portal.keep("contracts", kept)


def fields(page: Answer, **more: Any) -> dict[str, Any]:
    contact = {"contract": ["K-1"], "name": "Ana", "email": "ana@example.test"}
    return {"ticket": page.ticket, "act": "check"} | contact | more


def data(portal: PortalOfFew) -> dict[str, Any]:
    [event] = portal.published.events
    found: dict[str, Any] = json.loads(event.value)
    return found


async def test_who_has_no_access_is_led_to_where_that_is_said(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test") | {"access": False})

    page = await (await portal.signed_in(ANA)).get(CANCEL)

    assert (page.status, page.header("location")) == (303, "/es/contratos")


async def test_what_was_checked_can_be_changed_and_nothing_is_lost(portal: PortalOfFew) -> None:
    await keep(portal)
    ana = await portal.signed_in(ANA)
    filled = fields(await ana.get(CANCEL), comment="Sin prisa", act="change")

    page = await ana.post(CANCEL, filled)

    assert page.status == 200
    assert "Sin prisa" in page.body
    assert 'name="contract"' in page.body
    assert portal.published.events == []


@pytest.mark.parametrize(
    ("day", "taken"),
    [
        (TODAY.isoformat(), True),
        ((TODAY + AT_MOST).isoformat(), True),
        ((TODAY - timedelta(days=1)).isoformat(), False),
        ((TODAY + AT_MOST + timedelta(days=1)).isoformat(), False),
        ("2026-02-30", False),
        ("mañana", False),
    ],
)
async def test_an_end_is_a_day_from_today_on_and_at_most_a_year_ahead(
    portal: PortalOfFew, day: str, taken: bool
) -> None:
    await keep(portal)
    ana = await portal.signed_in(ANA)
    filled = fields(await ana.get(CANCEL), requested_end_on=day, act="send")

    answer = await ana.post(CANCEL, filled)

    assert answer.status == (303 if taken else 422)
    assert ('href="#requested_end_on"' in answer.body) is not taken
    assert len(portal.published.events) == taken


@pytest.mark.parametrize(("signed_by", "asked_for"), [("", True), ("Ana Ruiz", False)])
async def test_a_contract_with_written_notice_asks_for_a_signature_which_a_typed_name_is(
    portal: PortalOfFew, signed_by: str, asked_for: bool
) -> None:
    await keep(portal, type="hardware_maintenance")
    ana = await portal.signed_in(ANA)
    filled = fields(await ana.get(CANCEL), signed_by=signed_by)

    checked = await ana.post(CANCEL, filled)
    await ana.post(CANCEL, filled | {"act": "send"})

    assert ("su firma" in checked.body) is asked_for
    signature = data(portal).get("signature")
    assert (signature is None) is asked_for
    if signature is not None:
        assert signature["kind"] == "electronic"
        assert (signature["signed_by"], signature["signed_on"]) == ("Ana Ruiz", TODAY.isoformat())


@pytest.mark.parametrize(("days", "may_withdraw"), [(0, False), (1, True)])
async def test_what_takes_effect_at_once_is_not_said_to_be_withdrawn_before(
    portal: PortalOfFew, days: int, may_withdraw: bool
) -> None:
    """The notice of a maintenance contract is no day, unless it is set."""
    await keep(portal)
    ana = await portal.signed_in(ANA)
    page = await ana.get(CANCEL)
    effective_on = (TODAY + timedelta(days=days)).isoformat()
    foreseen = PreviewedDecision("Se cancela.", "written-notice", "1", "complete", effective_on)
    foreseen = replace(foreseen, last_billable_on=(TODAY + timedelta(days=days - 1)).isoformat())

    async def preview(*_: object) -> PreviewedDecision:
        return foreseen

    with patch.object(type(portal.process.portal.previews), "preview", preview):
        checked = (await ana.post(CANCEL, fields(page))).body

    assert ("Puede retirarla hasta el día anterior a su efecto" in checked) is may_withdraw
    assert ("Tiene efecto inmediato, así que no podrá retirarla" in checked) is not may_withdraw


async def test_more_contracts_than_a_request_may_name_are_a_fault_and_none_is_left_out(
    portal: PortalOfFew,
) -> None:
    numbers = [f"K-{number:02}" for number in range(MOST + 1)]
    for number in numbers:
        kept = contract(number)
        kept["facts"]["status"], kept["cancellation"] = "active", {"status": "none"}
        await portal.keep("contracts", kept)
    ana = await portal.signed_in(ANA)
    page = await ana.get(CANCEL)

    refused = await ana.post(CANCEL, fields(page, contract=numbers, act="send"))
    taken = await ana.post(CANCEL, fields(page, contract=numbers[1:], act="send"))

    assert (refused.status, taken.status) == (422, 303)
    assert "Elija como máximo 50 contratos a la vez" in refused.body
    assert refused.body.count(" checked") == MOST + 1
    assert data(portal)["contract_numbers"] == numbers[1:]


async def two_contracts(portal: PortalOfFew, *taken: str) -> None:
    """The customer's, of which these cannot be cancelled (again) any more."""
    for number in ("K-1", "K-2"):
        kept = contract(number)
        if number not in taken:
            kept["facts"]["status"], kept["cancellation"] = "active", {"status": "none"}
        await portal.keep("contracts", kept)


async def test_a_double_click_is_one_request_also_while_it_is_half_decided(
    portal: PortalOfFew,
) -> None:
    await two_contracts(portal)
    ana = await portal.signed_in(ANA)
    both = fields(await ana.get(CANCEL), contract=["K-1", "K-2"], act="send")
    first = await ana.post(CANCEL, both)
    await two_contracts(portal, "K-1")

    second = await ana.post(CANCEL, both)

    assert second.header("location") == first.header("location") != ""
    assert data(portal)["contract_numbers"] == ["K-1", "K-2"]


async def test_what_is_sent_is_what_was_checked_or_is_checked_again(portal: PortalOfFew) -> None:
    """In another tab one of the contracts was asked for meanwhile."""
    await two_contracts(portal)
    ana = await portal.signed_in(ANA)
    both = fields(await ana.get(CANCEL), contract=["K-1", "K-2"], act="send")
    await two_contracts(portal, "K-1")

    again = await ana.post(CANCEL, both)
    sent = await ana.post(CANCEL, both | {"contract": ["K-2"]})

    assert again.status == 200
    assert "Todavía no se ha enviado nada" in again.body
    assert 'name="contract" value="K-2"' in again.body
    assert 'name="contract" value="K-1"' not in again.body
    assert sent.status == 303
    assert data(portal)["contract_numbers"] == ["K-2"]


async def test_evidence_that_nobody_waits_for_leads_to_the_contract(portal: PortalOfFew) -> None:
    await keep(portal)

    page = await (await portal.signed_in(ANA)).get(EVIDENCE)

    assert (page.status, page.header("location")) == (303, "/es/contratos/K-1")


async def test_a_contact_that_is_missing_is_asked_for_and_sent(portal: PortalOfFew) -> None:
    """A letter may have come before its writer was registered."""
    kept = contract("K-1")
    request: dict[str, Any] = {"inquiry_id": "i-1", "customer_id": ANA, "status": "awaiting"}
    request |= {"missing": ["contact"], "due_on": "2026-12-27"}
    kept["facts"]["status"] = "active"
    kept["cancellation"] = {"status": "none", "requests": [request]}
    await portal.keep("contracts", kept)
    ana = await portal.signed_in(ANA)
    page = await ana.get(EVIDENCE)
    blank = {"ticket": page.ticket, "name": " ", "email": "", "phone": ""}

    empty = await ana.post(EVIDENCE, blank)
    nameless = await ana.post(EVIDENCE, blank | {"phone": "+34 600 000 000"})
    reachless = await ana.post(EVIDENCE, blank | {"name": "Ana"})
    wrong = await ana.post(EVIDENCE, blank | {"name": "Ana", "email": "en casa"})
    sent = await ana.post(EVIDENCE, blank | {"name": "Ana", "email": "ana@example.test"})

    assert 'name="email" type="email" value="ana@example.test"' in page.body
    assert 'href="#name"' in empty.body
    assert 'href="#email"' in empty.body
    assert 'href="#name"' in nameless.body
    assert 'href="#email"' in reachless.body
    assert 'href="#email"' in wrong.body
    assert sent.status == 303
    assert data(portal)["contact"] == {"name": "Ana", "email": "ana@example.test"}


async def test_evidence_that_is_sent_again_after_its_decision_leads_to_its_answer(
    portal: PortalOfFew,
) -> None:
    await keep(portal, "evidence_awaited")
    ana = await portal.signed_in(ANA)
    ticket = (await ana.get(EVIDENCE)).ticket
    filled = {"ticket": ticket, "asks_destruction": "1", "destruction": "yes"}
    sent = await ana.post(EVIDENCE, filled)
    await keep(portal)

    again = await ana.post(EVIDENCE, filled)

    assert data(portal)["destruction_confirmed"] is True
    assert (again.status, again.header("location")) == (303, sent.header("location"))


@pytest.mark.parametrize("comment", ["", "x" * 10_001])
async def test_what_is_not_cancelled_cannot_be_taken_back(
    portal: PortalOfFew, comment: str
) -> None:
    """A form of before the withdrawal's last day is sent to who decides, unless it is faulty."""
    await keep(portal, "scheduled")
    ana = await portal.signed_in(ANA)
    ticket = (await ana.get(WITHDRAW)).ticket
    await keep(portal)

    page = await ana.get(WITHDRAW)
    answer = await ana.post(WITHDRAW, {"ticket": ticket, "comment": comment})

    assert page.status == 404
    assert answer.status == (404 if comment else 303)
    assert len(portal.published.events) == (0 if comment else 1)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-27T05:00:00Z", "2026-11-27T09:00:00+01:00"),
        ("2026-11-27T17:00:00Z", "2026-11-30T09:00:00+01:00"),
        ("2026-12-24T20:00:00Z", "2026-12-28T09:00:00+01:00"),
    ],
)
def test_a_closed_desk_says_when_it_opens_next(portal: PortalOfFew, at: str, opens: str) -> None:
    now = datetime.fromisoformat(at)
    found = hours(replace(portal.process.portal, now=lambda: now))

    assert not found.open
    assert found.changes_at == datetime.fromisoformat(opens)


async def test_a_desk_that_is_closed_for_weeks_promises_no_day() -> None:
    days = {(NOW + timedelta(days=ahead)).date().isoformat() for ahead in range(40)}
    with portal_of_few(desk_closed_on=sorted(days)) as portal:
        found = hours(portal.process.portal)
        home = await Browser(portal).get("/es")

    assert (found.open, found.changes_at) == (False, None)
    assert home.status == 200
    assert found.due > datetime(2026, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/es", "de 08:00 a 18:30 (en verano, de 07:30 a 15:00)"),
        ("/en", "08:00–18:30 (in summer, 07:30–15:00)"),
        ("/es/contacto/contratos", "de 08:00 a 18:30. En verano, de 07:30 a 15:00."),
        ("/en/contact/contracts", "08:00 to 18:30. In summer, 07:30 to 15:00."),
    ],
)
async def test_the_hours_that_pages_name_are_those_of_the_calendar(path: str, words: str) -> None:
    with portal_of_few(
        desk_opens_at=time(8),
        desk_closes_at=time(18, 30),
        desk_summer_opens_at=time(7, 30),
        desk_summer_closes_at=time(15),
    ) as portal:
        page = await Browser(portal).get(path)

    assert words in page.body
    assert "17:00" not in page.body
