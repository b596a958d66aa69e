"""`/api/v1/customers`: the records of a customer who was granted, and of nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.customer_portal.api.partners import Scope
from services.customer_portal.api.routes import ENDPOINTS, OF_CUSTOMER
from services.customer_portal.rooms import statement
from tests.builders.portal import PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import contract

ANA, BEA = "C-ANA", "C-BEA"
EUROS = {"amount": "123.45", "currency": "EUR"}
TEXT: Any = {"es": "Por esto", "en": "For this"}
PATHS = (
    "inquiries",
    "inquiries/i-ana",
    "contracts",
    "contracts/K/ANA",
    "cancellations",
    "invoices",
    "invoices/F/ANA",
)


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await everything_of(portal, ANA)
        yield portal


async def everything_of(portal: PortalOfFew, customer: str) -> None:
    profile = {"_id": customer, "customer_id": customer, "email": "ana@example.test"}
    await portal.keep("customers", profile | {"access": True})
    entry = {"type": "inquiry.progressed.v1", "at": "2026-11-27T10:00:00Z", "text": "Hola"}
    inquiry = {
        "_id": "i-ana",
        "customer_id": customer,
        "opened": True,
        "status": "open",
        "standing": "open",
        "reference": "INQ-ANA",
        "kind": "inquiry",
        "subject": "Asunto",
        "opened_at": "2026-11-27T10:00:00Z",
        "listed_at": "2026-11-27T10:00:00Z",
        "contact": {"email": "secret@example.test"},
        "contract_numbers": ["K/ANA"],
        "entries": [entry | {"note": TEXT, "by": "agent"}],
    }
    await portal.keep("inquiries", inquiry)
    facts = {"type": "servicepac", "title": "Título", "status": "active", "auto_renewal": False}
    decided = {"policy": "p", "policy_version": "1", "rule": "r", "explanation": TEXT}
    decided |= {"type": "cancellation.scheduled.v1", "effective_on": "2026-12-27"}
    of_ana: Any = decided | {"customer_id": customer, "sequence": 1}
    of_another: Any = decided | {"customer_id": "C-BEFORE", "sequence": 2}
    contract: Any = {
        "_id": "K/ANA",
        "customer_id": customer,
        "facts": facts | {"starts_on": "2025-01-01"},
        "decisions": [of_ana, of_another],
    }
    await portal.keep("contracts", contract)
    line: Any = {"line": 1, "description": "Uso", "quantity": 1, "net": EUROS, "tax_rate": "21"}
    booked: Any = {
        "_id": "1",
        "type": statement.INVOICE,
        "sequence": 1,
        "customer_id": customer,
        "invoice_number": "F/ANA",
        "booked_on": "2026-11-01",
        "issued_on": "2026-11-01",
        "due_on": "2026-11-20",
        "net": EUROS,
        "total": EUROS,
        "lines": [line],
    }
    await portal.keep("bookings", booked)


async def test_a_granted_customers_records_are_read(portal: PortalOfFew) -> None:
    acme = await portal.partner()

    told = {path: (await acme.get(f"/customers/{ANA}/{path}")).json for path in PATHS}

    [inquiry] = told["inquiries"]["items"]
    assert (inquiry["reference"], inquiry["status"]) == ("INQ-ANA", "open")
    assert told["inquiries/i-ana"]["entries"][0]["text"] == "Hola"
    assert "secret" not in repr(told), "contacts are nobody's business here"
    assert [it["number"] for it in told["contracts"]["items"]] == ["K/ANA"]
    assert told["contracts/K/ANA"]["title"] == "Título"
    [cancellation] = told["cancellations"]["items"]
    assert [it["sequence"] for it in cancellation["decisions"]] == [1], "not an earlier holder's"
    assert told["invoices"]["items"][0]["open"] == EUROS
    assert told["invoices/F/ANA"]["lines"][0]["description"] == "Uso"


async def test_another_customers_records_and_unknown_ones_are_not_there(
    portal: PortalOfFew,
) -> None:
    acme = await portal.partner(customers=[BEA])
    await portal.keep("customers", {"_id": BEA, "email": "bea@example.test", "access": True})

    for path in PATHS:
        for customer in (ANA, "C-NOBODY"):
            assert (await acme.get(f"/customers/{customer}/{path}")).status == 404, path
        under_bea = await acme.get(f"/customers/{BEA}/{path}")
        is_list = "/" not in path
        assert under_bea.status == (200 if is_list else 404), path
        assert not is_list or under_bea.json["items"] == [], path


async def test_a_cancellation_is_listed_before_its_decision_has_been_read(
    portal: PortalOfFew,
) -> None:
    kept = contract("K-1")
    kept["cancellation"]["requests"] = []
    await portal.keep("contracts", kept)
    acme = await portal.partner()

    listed = (await acme.get(f"/customers/{ANA}/cancellations")).json["items"]

    [found] = [it for it in listed if it["contract_number"] == "K-1"]
    assert found["effective_on"] == "2026-12-27"
    assert found["decisions"] == []


async def test_every_record_is_asked_for_with_the_scope_that_reads(portal: PortalOfFew) -> None:
    of_customers = [it for it in ENDPOINTS if it.path.startswith(OF_CUSTOMER)]

    assert len(of_customers) == len(PATHS)
    assert {it.scope for it in of_customers} == {Scope.READ}


async def test_without_access_there_are_no_contracts(portal: PortalOfFew) -> None:
    await portal.keep("customers", {"_id": ANA, "email": "ana@example.test", "access": False})
    acme = await portal.partner()

    assert (await acme.get(f"/customers/{ANA}/contracts")).json["items"] == []
    assert (await acme.get(f"/customers/{ANA}/cancellations")).json["items"] == []
    assert (await acme.get(f"/customers/{ANA}/contracts/K/ANA")).status == 404


async def test_of_a_forgotten_customer_nothing_is_read(portal: PortalOfFew) -> None:
    await portal.keep("customers", {"_id": ANA, "forgotten": True})
    acme = await portal.partner()

    for path in PATHS:
        assert (await acme.get(f"/customers/{ANA}/{path}")).status == 404, path


async def test_long_lists_have_pages_that_lead_on(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    [first] = portal.views.collection("inquiries_1").documents.values()
    for number in range(119):
        copy = first | {"_id": f"i-{number}", "reference": f"INQ-{number}"}
        await portal.keep("inquiries", copy)

    seen: list[str] = []
    path: str | None = f"/customers/{ANA}/inquiries?status=open"
    while path:
        page = (await acme.get(path)).json
        seen += [it["id"] for it in page["items"]]
        path = page["next"].partition("/api/v1")[2] if "next" in page else None

    assert len(seen) == len(set(seen)) == 120
    assert (await acme.get(f"/customers/{ANA}/inquiries?status=closed")).json["items"] == []


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ("inquiries?status=late", {"status": "not_allowed"}),
        ("inquiries?status=late&from=-1", {"status": "not_allowed", "from": "wrong_format"}),
        ("contracts?from=first", {"from": "wrong_format"}),
        ("invoices?from=", {"from": "wrong_format"}),
        ("inquiries?status=", {}),
        ("contracts?from=0&status=late", {}),
    ],
)
async def test_a_list_that_is_asked_for_what_it_cannot_have_names_every_fault(
    portal: PortalOfFew, asked: str, faults: dict[str, str]
) -> None:
    acme = await portal.partner()

    answer = await acme.get(f"/customers/{ANA}/{asked}")

    assert answer.status == (422 if faults else 200)
    assert {it["field"]: it["code"] for it in answer.json.get("errors", ())} == faults


async def test_an_inquiry_that_only_its_state_tells_of_is_read(portal: PortalOfFew) -> None:
    """A rebuild finds no event that `desk.inquiries` has dropped; the state remains."""
    stated: Any = {"reference": "INQ-2", "kind": "cancellation", "status": "resolved"}
    stated |= {"opened_at": "2026-01-01T10:00:00Z", "contracts": [{"contract_number": "K-2"}]}
    old = {"_id": "i-old", "customer_id": ANA, "stated": stated, "standing": "resolved"}
    await portal.keep("inquiries", old | {"listed_at": "2026-01-01T10:00:00Z"})
    acme = await portal.partner()

    told = (await acme.get(f"/customers/{ANA}/inquiries/i-old")).json

    assert (told["reference"], told["status"]) == ("INQ-2", "resolved")
    assert told["contract_numbers"] == ["K-2"]
