"""The public state of a cancellation file tells billing and the portal what they may know."""

from __future__ import annotations

from datetime import date

from services.cancellation.file.evidence_received import EvidenceReceived
from services.cancellation.file.public_state import public_state
from services.cancellation.file.state import (
    Cancellation,
    CancellationFile,
    ContractFacts,
    RenewalInvoice,
    Request,
)
from services.cancellation.file.state import RequestStatus as RequestStatus
from shared.events.states import CancellationStatus
from shared.events.values import Evidence

KNOWN = CancellationFile(
    contract_number="K-1",
    contract=ContractFacts(customer_id="C-1", type="monthly_licence"),
    sequence=3,
)
SCHEDULED = Cancellation(
    inquiry_id="i-1",
    customer_id="C-1",
    policy="monthly-notice",
    policy_version="2024-1",
    effective_on=date(2026, 5, 31),
    last_billable_on=date(2026, 5, 30),
)


def request(customer_id: str, inquiry_id: str) -> Request:
    return Request(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        received_on=date(2026, 3, 1),
        given=EvidenceReceived(),
        policy_version="2024-1",
        due_on=date(2026, 3, 31),
        remind_on=date(2026, 3, 24),
        status=RequestStatus.AWAITING,
        missing=(Evidence.DESTRUCTION,),
    )


def test_billing_finds_the_last_day_to_charge_and_the_number_of_the_last_decision() -> None:
    stated = public_state(KNOWN.with_(cancellation=SCHEDULED), 7)

    assert (stated.status, stated.sequence, stated.version) == (CancellationStatus.SCHEDULED, 3, 7)
    assert stated.last_billable_on == date(2026, 5, 30)
    assert stated.cancellation is not None
    assert stated.cancellation.last_billable_on == date(2026, 5, 30)
    assert public_state(KNOWN, 7).last_billable_on is None


def test_what_took_effect_or_lapsed_is_said_so() -> None:
    effective = SCHEDULED.model_copy(update={"took_effect": True})
    lapsed = RenewalInvoice(
        invoice_number="F-1",
        issued_on=date(2026, 1, 1),
        lapses_on=date(2026, 3, 17),
        policy_version="2024-1",
        lapsed=True,
    )

    assert public_state(KNOWN, 1).status is CancellationStatus.NONE
    assert public_state(KNOWN.with_(cancellation=effective), 1).status == "took_effect"
    stated = public_state(KNOWN.with_(renewals=(lapsed,)), 1)
    assert (stated.status, stated.last_billable_on) == ("lapsed", date(2026, 3, 16))


def test_while_it_is_suspended_or_after_a_new_term_charging_goes_on() -> None:
    suspended = SCHEDULED.model_copy(update={"suspended": True})
    past = RenewalInvoice(
        invoice_number="F-1",
        issued_on=date(2026, 1, 1),
        lapses_on=date(2026, 3, 17),
        policy_version="2024-1",
        lapsed=True,
        past=True,
    )

    stated = public_state(KNOWN.with_(cancellation=suspended), 1)
    assert (stated.status, stated.last_billable_on) == (CancellationStatus.SUSPENDED, None)
    stated = public_state(KNOWN.with_(renewals=(past,)), 1)
    assert (stated.status, stated.last_billable_on) == (CancellationStatus.NONE, None)


def test_only_the_holders_open_requests_are_told() -> None:
    file = KNOWN.with_(requests=(request("C-1", "i-1"), request("C-2", "i-2")))

    [told] = public_state(file, 1).requests

    assert (told.inquiry_id, told.status, told.missing) == (
        "i-1",
        "awaiting",
        (Evidence.DESTRUCTION,),
    )


def test_of_a_contract_that_nobody_has_reported_no_request_is_told() -> None:
    file = CancellationFile(contract_number="K-1", requests=(request("C-1", "i-1"),))

    assert public_state(file, 1).customer_id is None
    assert public_state(file, 1).requests == ()
