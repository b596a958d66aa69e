"""A tombstone on a compacted topic: the replicas of it forget the customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from services.notification import service as notification
from services.notification.settings import Settings as NotificationSettings
from shared.events.contracts import CustomerAccessAuthorised
from shared.mongo.client import Document
from tests.integration.runtime.bounded import NOW, Desk, Sent, desk_of

CUSTOMER = "C-1"
EMAIL = "ana@example.com"


def profile(desk: Desk, email: str = EMAIL) -> Sent:
    said = CustomerAccessAuthorised(
        customer_id=CUSTOMER,
        name="Ana Ejemplo",
        email=email,
        phone="+34 600 000 000",
        company="Ejemplo",
        country="ES",
        consents=(),
        registered_at=NOW,
        access=True,
    )
    record = desk.event(said, CUSTOMER)
    source = ("ce_source", b"/services/contract_archive")
    return replace(record, headers=[*(h for h in record.headers if h[0] != "ce_source"), source])


def tombstone(desk: Desk, key: bytes = CUSTOMER.encode()) -> Sent:
    """As tools send it: no value and no headers."""
    desk.sent += 1
    return Sent("desk.customers", desk.sent, None, [], key)


async def kept(desk: Desk) -> tuple[Document, str]:
    """The customer's document, and all that the database holds of him, as text."""
    document = await desk.document(CUSTOMER, "customer")
    archived = await desk.database.collection("customer_history").find({}).to_list(None)
    return document, f"{document} {archived}"


@pytest.mark.parametrize(
    "service",
    [intake.build(IntakeSettings()), notification.build(NotificationSettings())],
    ids=["intake", "notification"],
)
async def test_a_tombstone_makes_a_replica_forget_the_customer_with_all_its_history(
    endpoints: Endpoints, service: Any
) -> None:
    async with desk_of(endpoints.mongo_url, service, history_bound=2) as desk:
        for _ in range(2):
            await desk.process(*(profile(desk) for _ in range(2)))
        before, held = await kept(desk)
        await desk.process(tombstone(desk))
        after, left = await kept(desk)
        folded = desk.store.fold("customer", await desk.store.history("customer", CUSTOMER))
    assert (before["archived"], EMAIL in held) == (2, True)
    assert (after["state"], folded, EMAIL in left) == (None, None, False)
    assert desk.outgoing == []


async def test_what_came_before_a_tombstone_stays_forgotten_and_what_comes_after_stays(
    endpoints: Endpoints,
) -> None:
    """In one batch or several, and however often they come again."""
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        first, gone, again = profile(desk), tombstone(desk), profile(desk, "new@example.com")
        await desk.process(first, gone)
        await desk.process(first, gone, commit=False)
        forgotten, _ = await kept(desk)
        await desk.process(again)
        await desk.process(first, gone, again)
        back, held = await kept(desk)
    assert forgotten["state"] is None
    assert back["state"]["contact"]["email"] == "new@example.com"
    assert EMAIL not in held
    assert desk.outgoing == []


async def test_a_tombstone_under_a_key_that_nobody_knows_is_no_dead_letter(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        unknown, registered = tombstone(desk), profile(desk)
        await desk.process(unknown, tombstone(desk, b""), tombstone(desk, b"\xff"))
        await desk.process(registered)
        await desk.process(unknown, registered)
        document, _ = await kept(desk)
        customers = await desk.database.collection("customer").count_documents({})
    assert (customers, document["state"]["contact"]["email"]) == (1, EMAIL)
    assert desk.outgoing == []


async def test_a_tombstone_does_not_wait_behind_a_defect(
    endpoints: Endpoints,
) -> None:
    def stumbles(*_: object) -> None:
        raise ZeroDivisionError

    service = intake.build(IntakeSettings())
    [replica] = [decider for decider in service.deciders if decider.kind == "customer"]
    broken = replace(service, deciders=(replace(replica, evolve=stumbles),))
    async with desk_of(endpoints.mongo_url, broken) as desk:
        await desk.process(profile(desk))
        parked, _ = await kept(desk)
        await desk.process(tombstone(desk))
        document, _ = await kept(desk)
    assert "parked" in parked
    assert "parked" not in document
    assert [reason for reason, _ in desk.letters()] == ["defect"]
