"""The console lists due records and the policies, and previews a request's decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

import pytest

from services.operations_console.boards import POLICIES, fold_policy
from shared.events.envelope import Message
from shared.events.policies import PolicyInForce
from shared.runtime.operations.answers import DueRecord, PreviewedEvent
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

DUE, RULES = "/es/vencimientos", "/es/politicas"


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        yield console


@pytest.fixture
async def luis(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("luis", Role.READER))


def record(record_id: str, what: Literal["timer", "work"], later: timedelta) -> DueRecord:
    return DueRecord(kind="file", id=record_id, what=what, at=NOW + later)


async def test_what_falls_due_is_listed_the_earliest_first_and_the_late_is_told(
    console: ConsoleOfFew, luis: Browser
) -> None:
    console.records.falls_due = [
        record("K-2", "timer", timedelta(hours=3)),
        record("K-1", "work", -timedelta(minutes=5)),
    ]

    page = await luis.get(DUE)

    assert page.body.index("K-1") < page.body.index("K-2")
    assert "vencido desde hace 5 minutos" in page.body
    assert "dentro de 3 horas" in page.body
    assert 44_000 < weight_of(page.body) <= MOST_BYTES


async def test_a_service_that_does_not_answer_is_named(
    console: ConsoleOfFew, luis: Browser
) -> None:
    console.records.silent = True

    page = await luis.get(DUE)

    assert page.status == 200
    assert "cancellation no contesta" in page.body


async def test_the_policies_in_force_are_told_in_words_with_those_to_come(
    console: ConsoleOfFew, luis: Browser
) -> None:
    later = {
        "version": "2",
        "holds_from": "2027-01-01",
        "terms": {},
        "summary": {"es": "Con 60 días.", "en": "With 60 days."},
    }
    announced = PolicyInForce.model_validate(
        {
            "policy": "monthly-notice",
            "version": "1",
            "holds_from": "2026-01-01",
            "terms": {},
            "summary": {"es": "Con 30 días.", "en": "With 30 days."},
            "to_come": [later],
        }
    )
    document = fold_policy({}, Message("/services/cancellation", "m", announced))
    await console.own.collection(f"{POLICIES}_1").insert_one({"_id": "monthly-notice"} | document)

    page = await luis.get(RULES)

    assert "Con 30 días." in page.body
    assert "a partir del 1 de enero de 2027" in page.body
    assert "Con 60 días." in page.body
    assert console.records.tried == []


async def test_a_preview_asks_the_service_and_shows_its_sentence(
    console: ConsoleOfFew, luis: Browser
) -> None:
    explanation = {"es": "Se cancela el 31 de enero.", "en": "Cancelled on 31 January."}
    data = {"contract_number": "K-1", "effective_on": "2027-01-31", "explanation": explanation}
    console.records.previewed = [PreviewedEvent(ce_type="cancellation.scheduled.v1", data=data)]

    page = await luis.get(f"{RULES}?contract=K-1&ends_on=2027-01-31&signed=yes")

    assert "Se cancela el 31 de enero." in page.body
    [question] = console.records.tried
    assert question == {
        "contract_number": "K-1",
        "customer_id": None,
        "destruction_confirmed": False,
        "signed": True,
        "requested_end_on": "2027-01-31",
    }


@pytest.mark.parametrize("query", ["contract=K-1&ends_on=soon", f"contract={'x' * 65}"])
async def test_what_cannot_be_asked_is_not_asked(
    console: ConsoleOfFew, luis: Browser, query: str
) -> None:
    page = await luis.get(f"{RULES}?{query}")

    assert page.status == 422
    assert console.records.tried == []


async def test_a_preview_without_the_service_says_so(console: ConsoleOfFew, luis: Browser) -> None:
    console.records.silent = True

    page = await luis.get(f"{RULES}?contract=K-1")

    assert page.status == 200
    assert "cancellation no contesta" in page.body
