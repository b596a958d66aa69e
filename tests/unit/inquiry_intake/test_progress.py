"""The answers of the other services change an inquiry."""

from __future__ import annotations

from typing import Any

import pytest

from services.inquiry_intake.inquiry.public_state import public_state
from services.inquiry_intake.inquiry.state import AnswerStatus, InquiryStanding
from shared.events.cancellations import (
    CancellationAlreadyScheduled,
    CancellationEvent,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationExpired,
    CancellationNotRequired,
    CancellationReferred,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
)
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRequestDenied,
)
from shared.events.envelope import Message
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    InquiryClosed,
    InquiryKind,
    InquiryOpened,
    InquiryProgressed,
)
from shared.events.inventory import InventoryUpdateDecided, InventoryUpdateRequested, ItemChanges
from tests.builders.submissions import (
    CUSTOMER_ID,
    INQUIRY_ID,
    ITEM_ID,
    NOTE,
    NUMBER,
    OTHER_NUMBER,
    ContractAnswerType,
    contract_answer,
    decision,
    event,
    inquiry_id_of,
    intake,
    profile_answer,
    record,
    registered,
    submission,
    types,
)

CANCELLATION = submission("cancellation", contract_numbers=[NUMBER])
CONTRACT = "inquiry.contract_progressed"
PROGRESSED = "inquiry.progressed.v1"
RESOLVED = "inquiry.resolved.v1"
CLOSED = "inquiry.closed.v1"
REOPENED = "inquiry.reopened.v1"
TARGET_MET = "inquiry.target_met"


@pytest.mark.parametrize(
    ("decided", "word", "then"),
    [
        (CancellationScheduled, "scheduled", [RESOLVED]),
        (CancellationNotRequired, "not_required", [RESOLVED, CLOSED]),
        (CancellationEvidenceAwaited, "evidence_awaited", [TARGET_MET]),
        (CancellationEvidenceReminded, "evidence_reminded", []),
        (CancellationExpired, "expired", [RESOLVED, CLOSED]),
        (CancellationReferred, "referred", []),
        (CancellationSuspended, "suspended", []),
        (CancellationRefused, "refused", [RESOLVED, CLOSED]),
        (CancellationAlreadyScheduled, "already_scheduled", [RESOLVED, CLOSED]),
        (CancellationWithdrawn, "withdrawn", [RESOLVED, CLOSED]),
        (CancellationTookEffect, "took_effect", [RESOLVED, CLOSED]),
        (CancellationWithdrawalRefused, "withdrawal_refused", []),
    ],
)
def test_what_a_decision_does_to_the_cancellation_it_decides(
    decided: type[CancellationEvent], word: str, then: list[str]
) -> None:
    kept, progressed, *others = intake(CANCELLATION).receive(decision(decided))

    assert kept.ce_type == CONTRACT
    assert progressed == InquiryProgressed(
        inquiry_id=INQUIRY_ID, status=word, note=NOTE, contract_number=NUMBER, by=Actor.DESK
    )
    assert types(others) == then


@pytest.mark.parametrize(
    ("decisions", "then"),
    [
        ([CancellationEvidenceAwaited, CancellationScheduled], [RESOLVED]),
        ([CancellationReferred, CancellationScheduled], [RESOLVED]),
        ([CancellationEvidenceAwaited, CancellationEvidenceReminded], []),
        ([CancellationEvidenceAwaited, CancellationExpired], [RESOLVED, CLOSED]),
        ([CancellationScheduled, CancellationTookEffect], [CLOSED]),
        ([CancellationScheduled, CancellationWithdrawn], [CLOSED]),
        ([CancellationScheduled, CancellationWithdrawalRefused], []),
        ([CancellationRefused, CancellationScheduled], [REOPENED, RESOLVED]),
        ([CancellationRefused, CancellationExpired], []),
    ],
)
def test_an_inquiry_is_resolved_once_and_closed_when_all_is_settled(
    decisions: list[type[CancellationEvent]], then: list[str]
) -> None:
    first, second = (decision(of, sequence) for sequence, of in enumerate(decisions, start=1))

    assert types(intake(CANCELLATION, first).receive(second)) == [CONTRACT, PROGRESSED, *then]


def test_an_inquiry_of_two_contracts_waits_for_both() -> None:
    history = intake(submission("cancellation"))

    first = history.receive(decision(CancellationNotRequired))
    second = history.receive(decision(CancellationScheduled, number=OTHER_NUMBER))
    last = history.receive(decision(CancellationTookEffect, 2, number=OTHER_NUMBER))

    assert types(first) == [CONTRACT, PROGRESSED]
    assert types(second) == [CONTRACT, PROGRESSED, RESOLVED]
    assert types(last) == [CONTRACT, PROGRESSED, CLOSED]
    assert record(history, INQUIRY_ID).status is InquiryStanding.CLOSED


def test_the_desk_closes_what_it_settled() -> None:
    closed = intake(CANCELLATION).receive(decision(CancellationNotRequired))[-1]

    assert isinstance(closed, InquiryClosed)
    assert closed.by is ClosedBy.DESK


def test_a_decision_that_comes_late_is_not_told_any_more() -> None:
    history = intake(CANCELLATION, decision(CancellationTookEffect, 2))

    assert history.receive(decision(CancellationScheduled, 1)) == []
    assert record(history, INQUIRY_ID).contracts[0].status is AnswerStatus.TOOK_EFFECT


@pytest.mark.parametrize(
    ("kind", "decided"),
    [
        ("cancellation_evidence", CancellationScheduled),
        ("cancellation_evidence", CancellationEvidenceAwaited),
        ("cancellation_evidence", CancellationReferred),
        ("cancellation_withdrawal", CancellationWithdrawn),
        ("cancellation_withdrawal", CancellationWithdrawalRefused),
    ],
)
def test_evidence_and_withdrawals_are_settled_by_any_answer(
    kind: str, decided: type[CancellationEvent]
) -> None:
    history = intake(CANCELLATION, submission(kind, "s-2"))
    second = inquiry_id_of("s-2")

    history.receive(decision(decided, answers=second))

    assert record(history, second).status is InquiryStanding.CLOSED
    assert record(history, second).contracts[0].status is AnswerStatus.ANSWERED


def test_evidence_for_nothing_open_is_settled_by_its_own_answer() -> None:
    history = intake(submission("cancellation_withdrawal"))

    assert types(history.receive(decision(CancellationWithdrawalRefused))) == [
        CONTRACT,
        PROGRESSED,
        RESOLVED,
        CLOSED,
    ]


def test_one_decision_speaks_to_the_request_and_to_the_evidence() -> None:
    history = intake(
        CANCELLATION,
        decision(CancellationEvidenceAwaited),
        submission("cancellation_evidence", "s-2"),
    )
    second = inquiry_id_of("s-2")

    events = history.receive(decision(CancellationScheduled, 2, answers=second))

    told = [e.inquiry_id for e in events if isinstance(e, InquiryProgressed)]
    assert told == [INQUIRY_ID, second]
    assert record(history, INQUIRY_ID).status is InquiryStanding.RESOLVED
    assert record(history, second).status is InquiryStanding.CLOSED


def test_a_refused_withdrawal_leaves_the_cancellation_where_it_was() -> None:
    history = intake(
        CANCELLATION,
        decision(CancellationEvidenceAwaited),
        submission("cancellation_withdrawal", "s-2"),
    )

    history.receive(decision(CancellationWithdrawalRefused, 2, answers=inquiry_id_of("s-2")))

    assert record(history, INQUIRY_ID).contracts[0].status is AnswerStatus.EVIDENCE_AWAITED
    assert record(history, INQUIRY_ID).status is InquiryStanding.OPEN


def test_a_second_request_answered_through_the_first_one_is_settled() -> None:
    second = inquiry_id_of("s-2")
    history = intake(CANCELLATION, submission("cancellation", "s-2", contract_numbers=[NUMBER]))

    history.receive(decision(CancellationEvidenceAwaited, answers=second))

    assert record(history, INQUIRY_ID).status is InquiryStanding.OPEN
    assert record(history, second).status is InquiryStanding.CLOSED


@pytest.mark.parametrize(
    ("kind", "answer", "word"),
    [
        ("contract_copy", ContractCopyReady, "copy_ready"),
        ("contract_copy", ContractCopyDenied, "copy_denied"),
        ("contract_acceptance", ContractAccepted, "accepted"),
        ("contract_acceptance", ContractAcceptanceDenied, "acceptance_denied"),
        ("servicepac_activation", ContractActivated, "activated"),
        ("servicepac_activation", ContractActivationFailed, "activation_failed"),
    ],
)
def test_the_archive_s_answer_settles_what_was_asked(
    kind: str, answer: ContractAnswerType, word: str
) -> None:
    history = intake(submission(kind))

    _, progressed, *others = history.receive(contract_answer(answer))

    assert isinstance(progressed, InquiryProgressed)
    assert (progressed.status, progressed.contract_number) == (word, NUMBER)
    assert types(others) == [RESOLVED, CLOSED]


@pytest.mark.parametrize(
    ("kind", "answer", "cause", "said"),
    [
        ("contract_copy", ContractCopyDenied, "not_printable", "en una escritura"),
        ("contract_copy", ContractCopyDenied, "not_available", "no consta a su nombre"),
        ("contract_acceptance", ContractAcceptanceDenied, "not_printable", "en una escritura"),
        ("contract_acceptance", ContractAcceptanceDenied, "text_changed", "vigente y aprobado"),
        ("contract_acceptance", ContractAcceptanceDenied, "not_acceptable", "ya no está en vigor"),
        ("contract_acceptance", ContractAcceptanceDenied, "a new cause", "no consta a su nombre"),
    ],
)
def test_a_denial_is_noted_with_its_cause(
    kind: str, answer: ContractAnswerType, cause: str, said: str
) -> None:
    progressed = intake(submission(kind)).receive(contract_answer(answer, cause=cause))[1]

    assert isinstance(progressed, InquiryProgressed)
    assert said in progressed.note.es


def test_the_answer_to_a_copy_says_until_when_it_can_be_fetched() -> None:
    progressed = intake(submission("contract_copy")).receive(contract_answer(ContractCopyReady))[1]

    assert isinstance(progressed, InquiryProgressed)
    assert "1 de abril de 2026" in progressed.note.es
    assert "1 April 2026" in progressed.note.en


def test_a_failed_activation_says_how_many_attempts_are_left() -> None:
    progressed = intake(submission("servicepac_activation")).receive(
        contract_answer(ContractActivationFailed)
    )[1]

    assert isinstance(progressed, InquiryProgressed)
    assert "4" in progressed.note.es


def test_a_registration_is_settled_by_the_customer_s_profile() -> None:
    history = intake(submission("registration"))

    _, _, progressed, *others = history.receive(registered(INQUIRY_ID))

    assert isinstance(progressed, InquiryProgressed)
    assert (progressed.status, progressed.contract_number) == ("registered", None)
    assert types(others) == [RESOLVED, CLOSED]
    assert history.receive(registered(INQUIRY_ID, "r-2"))[1:] == []


def item_decided(message_id: str = "d-1", /, **given: Any) -> Message:
    said = {"inquiry_id": INQUIRY_ID, "item_id": ITEM_ID, "accepted": True, **given}
    return event(InventoryUpdateDecided.model_validate(said), message_id)


@pytest.mark.parametrize(
    ("answer", "word", "said"),
    [
        ({}, "inventory_updated", "recoge ya su corrección"),
        ({"accepted": False}, "inventory_update_refused", "sigue como estaba."),
        (
            {"accepted": False, "reason": "La planta 4 no existe."},
            "inventory_update_refused",
            "sigue como estaba. Motivo: «La planta 4 no existe.»",
        ),
    ],
)
def test_the_inventory_system_s_first_answer_settles_a_correction(
    answer: dict[str, Any], word: str, said: str
) -> None:
    history = intake(submission("inventory_update"))

    _, progressed, *others = history.receive(item_decided(**answer))

    assert isinstance(progressed, InquiryProgressed)
    assert (progressed.status, progressed.contract_number) == (word, None)
    assert said in progressed.note.es
    assert types(others) == [RESOLVED, CLOSED]
    assert history.receive(item_decided("d-2", accepted=False)) == []


def test_intake_passes_over_its_own_requests_to_the_inventory_system() -> None:
    history = intake()
    opened, request = history.receive(submission("inventory_update"))
    assert isinstance(opened, InquiryOpened)
    assert isinstance(request, InventoryUpdateRequested)
    said = (request.inquiry_id, request.item_id, request.expected_version, request.customer_id)
    assert said == (INQUIRY_ID, ITEM_ID, 3, CUSTOMER_ID)
    assert request.changes == ItemChanges(site="Almacén de Prueba")

    assert history.receive(Message("/services/inquiry_intake", "q-1", request)) == []


def test_the_public_state_of_a_correction_names_no_contract() -> None:
    history = intake(submission("inventory_update"))
    stated = public_state(record(history, INQUIRY_ID), 1)
    assert stated is not None
    assert (stated.kind, stated.contracts) == (InquiryKind.INVENTORY_UPDATE, ())


@pytest.mark.parametrize(
    ("kind", "answer", "word"),
    [
        ("profile_update", CustomerProfileUpdated, "profile_updated"),
        ("profile_update", CustomerRequestDenied, "request_denied"),
        ("consent_withdrawal", CustomerConsentWithdrawn, "consent_withdrawn"),
        ("consent_withdrawal", CustomerRequestDenied, "request_denied"),
    ],
)
def test_a_request_about_the_profile_is_settled_by_the_archive_s_answer(
    kind: str,
    answer: type[CustomerProfileUpdated | CustomerConsentWithdrawn | CustomerRequestDenied],
    word: str,
) -> None:
    history = intake(submission(kind))

    events = history.receive(profile_answer(answer))

    said = [it for it in events if isinstance(it, InquiryProgressed)]
    assert [(it.status, it.contract_number) for it in said] == [(word, None)]
    assert types(events)[-2:] == [RESOLVED, CLOSED]
    assert record(history, INQUIRY_ID).status is InquiryStanding.CLOSED


@pytest.mark.parametrize("kind", ["registration", "profile_update", "consent_withdrawal"])
def test_an_inquiry_about_the_profile_states_no_contract(kind: str) -> None:
    stated = public_state(record(intake(submission(kind)), INQUIRY_ID), 1)

    assert stated is not None
    assert stated.contracts == ()


@pytest.mark.parametrize(
    "odd",
    [
        profile_answer(CustomerRequestDenied),
        item_decided(),
        decision(CancellationScheduled),
        decision(CancellationScheduled, number="UNKNOWN-1"),
        contract_answer(ContractCopyReady),
        contract_answer(ContractActivated),
    ],
)
def test_an_answer_about_something_not_asked_is_not_the_inquiry_s_business(odd: Message) -> None:
    assert intake(submission("inquiry", contract_number=NUMBER)).receive(odd) == []


@pytest.mark.parametrize(
    "given", [(), (submission("cancellation", contact=None),)], ids=["unknown", "rejected"]
)
def test_an_answer_to_no_inquiry_says_nothing(given: tuple[Message, ...]) -> None:
    assert intake(*given).receive(decision(CancellationScheduled)) == []
