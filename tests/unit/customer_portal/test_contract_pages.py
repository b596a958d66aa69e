"""A contract's page says one thing, whatever topic was read first, and offers what is possible."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.cancellations import CancellationScheduled
from tests.builders.portal import Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import ANA, BEA, contract, profile

LIST, PAGE = "/es/contratos", "/es/contratos/K-1"
CANCELS, WITHDRAWS = "/es/cancelar?contract=K-1", "/es/contratos/K-1/retirar"
COMPLETES = "/es/contratos/K-1/completar"
OVER, CHANGING = "Ha terminado.", "Algo está cambiando"
STUDIED = "Un profesional está estudiando su solicitud"


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        yield portal


@pytest.fixture
async def ana(portal: PortalOfFew) -> Browser:
    return await portal.signed_in(ANA)


async def keep(portal: PortalOfFew, status: str, /, **file: Any) -> None:
    """The contract's status as one topic has it, its cancellation file as the other."""
    kept = contract("K-1")
    kept["facts"]["status"] = status
    kept["decisions"] = file.pop("decisions", [])
    kept["cancellation"] = kept["cancellation"] | {"requests": []} | file
    await portal.keep("contracts", kept)


def request(status: str, *missing: str) -> dict[str, Any]:
    said = {"inquiry_id": "i-ana", "customer_id": ANA, "status": status, "missing": [*missing]}
    return said | ({"due_on": "2026-12-20"} if missing else {})


@pytest.mark.parametrize("file", ["none", "suspended", "took_effect"])
async def test_a_scheduled_status_without_its_cancellation_is_neither_over_nor_to_be_cancelled(
    portal: PortalOfFew, ana: Browser, file: str
) -> None:
    await keep(portal, "cancellation_scheduled", status=file)

    page = (await ana.get(PAGE)).body

    assert CHANGING in page
    assert OVER not in page
    assert CANCELS not in page


async def test_a_scheduled_status_of_another_holders_cancellation_is_not_over(
    portal: PortalOfFew, ana: Browser
) -> None:
    standing = contract("K-1")["cancellation"]["cancellation"] | {"customer_id": BEA}
    await keep(portal, "cancellation_scheduled", cancellation=standing)

    page = (await ana.get(PAGE)).body

    assert CHANGING in page
    assert OVER not in page


async def test_a_status_of_a_newer_release_is_shown_as_it_is(
    portal: PortalOfFew, ana: Browser
) -> None:
    await keep(portal, "frozen", status="none")

    pages = [await ana.get(it) for it in (LIST, PAGE)]

    assert [it.status for it in pages] == [200, 200]
    assert all("frozen" in it.body for it in pages)
    assert OVER not in pages[1].body


@pytest.mark.parametrize("status", ["ended", "cancelled", "lapsed"])
async def test_of_a_contract_that_is_over_nothing_is_offered_that_its_end_forbids(
    portal: PortalOfFew, ana: Browser, status: str
) -> None:
    awaited = request("awaiting", "destruction_confirmation")
    await keep(portal, status, requests=[awaited, request("notice")])

    page = (await ana.get(PAGE)).body

    for link in (CANCELS, WITHDRAWS, COMPLETES):
        assert link not in page
    assert "todavía" not in page
    assert STUDIED not in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("notice", "Guardamos su solicitud como aviso de que no desea renovarlo"),
        ("held", "Su solicitud de cancelación se está decidiendo."),
        ("referred", STUDIED),
    ],
)
async def test_a_request_is_called_what_it_is(
    portal: PortalOfFew, ana: Browser, status: str, words: str
) -> None:
    await keep(portal, "active", status="none", requests=[request(status)])

    page = (await ana.get(PAGE)).body

    assert words in page
    assert (STUDIED in page) is (words == STUDIED)


@pytest.mark.parametrize("referred", [None, "payment_reversed"])
async def test_a_renewal_that_a_professional_decides_is_not_said_to_lapse(
    portal: PortalOfFew, ana: Browser, referred: str | None
) -> None:
    renewal = {"invoice_number": "F-7", "lapses_on": "2026-08-15", "lapsed": False}
    renewal |= {"referred": referred} if referred else {}
    await keep(portal, "active", status="none", renewals=[renewal])

    page = (await ana.get(PAGE)).body

    assert ("15 de agosto de 2026" in page) is (referred is None)
    assert ("estudiando el pago de la factura F-7" in page) is (referred is not None)


async def test_an_earlier_decision_does_not_explain_the_date_that_stands(
    portal: PortalOfFew, ana: Browser
) -> None:
    explained: dict[str, Any] = {
        "type": CancellationScheduled.ce_type,
        "at": "2026-11-01T10:00:00Z",
        "sequence": 1,
        "policy": "monthly-notice",
        "policy_version": "1",
        "customer_id": ANA,
        "inquiry_id": "i-ana",
        "explanation": {"es": "Se cancela el 1 de diciembre.", "en": "Cancelled on 1 December."},
    }
    earlier = explained | {"effective_on": "2026-12-01"}
    await keep(portal, "cancellation_scheduled", decisions=[earlier])
    before = (await ana.get(PAGE)).body.partition('id="decisions"')[0]

    standing = explained | {"effective_on": "2026-12-27", "sequence": 2}
    standing |= {"explanation": {"es": "Se cancela el 27.", "en": "Cancelled on the 27th."}}
    await keep(portal, "cancellation_scheduled", decisions=[earlier, standing])
    after = (await ana.get(PAGE)).body.partition('id="decisions"')[0]

    assert "1 de diciembre." not in before
    assert "27 de diciembre de 2026" in before
    assert "Se cancela el 27." in after


async def test_the_list_and_the_page_name_the_same_last_day(
    portal: PortalOfFew, ana: Browser
) -> None:
    await keep(portal, "cancellation_scheduled")

    listed, page = (await ana.get(LIST)).body, (await ana.get(PAGE)).body

    assert "hasta el 26 de diciembre de 2026" in listed
    assert "27 de diciembre" not in listed
    assert "<dd>26 de diciembre de 2026</dd>" in page
