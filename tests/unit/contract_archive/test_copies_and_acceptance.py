"""Copies (F8) and acceptances (F1): the holder with access, and the same answer to all others."""

from datetime import timedelta

import pytest

from services.contract_archive.contract.order_document import MOST_HELD, MOST_UNDER_WAY
from services.contract_archive.rules import Rules
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractCopyDenied,
    ContractCopyReady,
)
from shared.events.envelope import Event, Message
from tests.builders.archive import (
    GRACE,
    HOLDER,
    NOW,
    NUMBER,
    RULES,
    SHA256,
    STRANGER,
    Archive,
    acceptance_requested,
    authorisation,
    cancellation_scheduled,
    cancellation_took_effect,
    consent_withdrawal,
    copy_requested,
    recorded,
    registration,
    renewal_lapsed,
    stored,
    types,
)

HELD = ["contract.document_order_held"]
BEGUN = ["contract.document_begun"]
WITH_ACCESS = (registration(), authorisation())
OTHERS_CONTRACT = recorded(customer_id=STRANGER)

DENIED_COPY = ContractCopyDenied(
    contract_number=NUMBER, customer_id=HOLDER, inquiry_id="inq-copy", cause="not_available"
)
DENIED_ACCEPTANCE = ContractAcceptanceDenied(
    contract_number=NUMBER, customer_id=HOLDER, inquiry_id="inq-acc", cause="not_available"
)

NOT_ALLOWED = [
    pytest.param((), id="nothing known"),
    pytest.param(WITH_ACCESS, id="unknown contract"),
    pytest.param((recorded(),), id="not registered"),
    pytest.param((recorded(), authorisation()), id="authorised, not registered"),
    pytest.param((recorded(), registration()), id="registered, not authorised"),
    pytest.param((recorded(), *WITH_ACCESS, consent_withdrawal()), id="consent withdrawn"),
    pytest.param((*WITH_ACCESS, OTHERS_CONTRACT), id="another customer's contract"),
]

ORDERS = [
    pytest.param(copy_requested(), DENIED_COPY, id="copy"),
    pytest.param(acceptance_requested(), DENIED_ACCEPTANCE, id="acceptance"),
]


def allowed(*more: Event) -> Archive:
    return Archive(RULES, recorded(), *WITH_ACCESS, *more)


@pytest.mark.parametrize(("request_", "denial"), ORDERS)
@pytest.mark.parametrize("before", NOT_ALLOWED)
def test_whatever_is_missing_the_request_waits_as_long_and_is_denied_in_the_same_words(
    before: tuple[Event, ...], request_: Event, denial: Event
) -> None:
    archive = Archive(RULES, *before)

    assert types(archive.receive(request_)) == HELD
    assert archive.wait(GRACE - timedelta(milliseconds=1)) == []
    assert archive.wait(timedelta(milliseconds=1)) == [denial]


@pytest.mark.parametrize(("request_", "_denial"), ORDERS)
@pytest.mark.parametrize(
    "late",
    [
        (recorded(), registration(), authorisation()),
        (authorisation(), registration(), recorded()),
        (registration(), recorded(), authorisation()),
    ],
)
def test_a_request_that_overtakes_its_records_is_allowed_within_the_grace(
    request_: Event, _denial: Event, late: tuple[Event, ...]
) -> None:
    archive = Archive(RULES, request_, *late)

    archive.wait(GRACE)

    assert [d.order.customer_id for d in archive.contract.documents] == [HOLDER]


def test_the_registrys_record_allows_a_waiting_request_at_once() -> None:
    archive = Archive(RULES, *WITH_ACCESS, copy_requested())

    assert types(archive.receive(recorded())) == [
        "contract.recorded.v1",
        "contract.text_issued.v1",
        "contract.status_changed.v1",
        "contract.document_begun",
    ]


def test_without_a_grace_the_denial_comes_at_once() -> None:
    archive = Archive(Rules(access_grace=timedelta(0)))

    assert archive.receive(copy_requested())[1:] == [DENIED_COPY]


def test_the_holders_copy_is_begun_at_once_and_is_due_work() -> None:
    archive = allowed()

    assert types(archive.receive(copy_requested())) == BEGUN
    assert archive.work_at == NOW


def test_a_copy_is_ready_for_thirty_days_from_the_request() -> None:
    archive = allowed(copy_requested())
    (begun,) = archive.contract.documents

    archive.wait(timedelta(hours=1))
    (ready,) = archive.work()

    assert ready == ContractCopyReady(
        contract_number=NUMBER,
        customer_id=HOLDER,
        inquiry_id="inq-copy",
        document_id=begun.document_id,
        sha256=SHA256,
        available_until=NOW + timedelta(days=30),
    )
    assert archive.work_at is None


def test_each_inquiry_gets_a_copy_of_its_own() -> None:
    archive = allowed(copy_requested("inq-1"), copy_requested("inq-2"))
    first, second = archive.contract.documents

    assert first.document_id != second.document_id
    assert types(archive.work()) == ["contract.copy_ready.v1"] * 2


def test_the_same_inquirys_document_has_the_same_id_in_every_attempt() -> None:
    first, again = allowed(copy_requested()), allowed(copy_requested())

    assert first.contract.documents == again.contract.documents


def test_the_outcome_of_work_that_nothing_waits_for_changes_nothing() -> None:
    archive = allowed(copy_requested())
    (begun,) = archive.contract.documents
    archive.work()

    assert archive.receive(stored(begun.document_id)) == []


def test_a_copy_in_the_making_is_denied_when_the_contract_changes_hands() -> None:
    archive = allowed(copy_requested())
    (begun,) = archive.contract.documents

    assert archive.receive(OTHERS_CONTRACT)[-1] == DENIED_COPY
    assert archive.receive(stored(begun.document_id)) == []


def accepted(inquiry_id: str, document_id: str) -> ContractAccepted:
    return ContractAccepted(
        contract_number=NUMBER,
        customer_id=HOLDER,
        inquiry_id=inquiry_id,
        document_id=document_id,
        sha256=SHA256,
        signed_by="Cliente de Prueba",
        signer_is_holder=True,
    )


def test_an_acceptance_is_told_with_its_kept_document() -> None:
    archive = allowed(acceptance_requested())
    (begun,) = archive.contract.documents

    assert archive.work() == [accepted("inq-acc", begun.document_id)]


@pytest.mark.parametrize(
    ("signed_by", "is_holder"),
    [
        ("Cliente de Prueba", True),
        ("  cliente  DE prueba ", True),
        ("Otra Persona", False),
        ("Cliente", False),
    ],
)
def test_a_signer_whose_name_is_not_the_profiles_is_recorded_as_such(
    signed_by: str, is_holder: bool
) -> None:
    request = acceptance_requested().model_copy(update={"signed_by": signed_by})
    (told,) = allowed(request).work()

    assert isinstance(told, ContractAccepted)
    assert (told.signed_by, told.signer_is_holder) == (signed_by, is_holder)
    assert told.text_bound is False


def test_accepting_again_under_another_name_is_answered_with_the_first_signer() -> None:
    archive = allowed(acceptance_requested())
    archive.work()

    request = acceptance_requested("inq-again").model_copy(update={"signed_by": "Otra Persona"})
    (again,) = archive.receive(request)

    assert isinstance(again, ContractAccepted)
    assert (again.signed_by, again.signer_is_holder) == ("Cliente de Prueba", True)


OVER = {
    "cancelled": (cancellation_scheduled(1), cancellation_took_effect(2)),  # g_accept_cancelled
    "lapsed": (renewal_lapsed(1),),
    "ended": (recorded(ends_on=NOW.date() - timedelta(days=1)),),
}
NOT_ACCEPTABLE = DENIED_ACCEPTANCE.model_copy(update={"cause": "not_acceptable"})


@pytest.mark.parametrize("over", OVER.values(), ids=OVER)
def test_what_has_ended_was_cancelled_or_lapsed_cannot_be_accepted(
    over: tuple[Event, ...],
) -> None:
    archive = allowed(*over)

    assert archive.receive(acceptance_requested()) == [NOT_ACCEPTABLE]
    assert archive.contract.documents == ()


@pytest.mark.parametrize("over", OVER.values(), ids=OVER)
def test_a_stranger_does_not_learn_that_a_contract_is_over(over: tuple[Event, ...]) -> None:
    archive = allowed(*over, registration(STRANGER), authorisation(STRANGER))

    assert types(archive.receive(acceptance_requested("inq-s", STRANGER))) == HELD
    (denied,) = archive.wait(GRACE)
    assert isinstance(denied, ContractAcceptanceDenied)
    assert denied.cause == "not_available"


def test_an_acceptance_on_the_day_after_the_last_is_too_late_though_no_timer_told_the_end() -> None:
    archive = allowed(recorded(ends_on=NOW.date()))
    archive.now = NOW + timedelta(days=1)

    assert archive.receive(acceptance_requested())[0] == NOT_ACCEPTABLE


def test_a_cancellation_that_is_only_scheduled_leaves_the_contract_acceptable() -> None:
    assert types(allowed(cancellation_scheduled(1)).receive(acceptance_requested())) == BEGUN


def test_an_acceptance_before_the_end_still_answers_a_second_one_after_it() -> None:
    archive = allowed(acceptance_requested())
    (first,) = archive.work()
    archive.receive(cancellation_took_effect(1))

    (again,) = archive.receive(acceptance_requested("inq-again"))

    assert again == first.model_copy(update={"inquiry_id": "inq-again"})


def test_g_accept_twice_the_second_is_answered_with_the_first_document() -> None:
    archive = allowed(acceptance_requested())
    (begun,) = archive.contract.documents
    archive.work()

    again = archive.receive(acceptance_requested("inq-again"))

    assert again == [accepted("inq-again", begun.document_id)]


def test_two_acceptances_under_way_are_both_answered_with_the_first_document() -> None:
    archive = allowed(acceptance_requested("inq-1"), acceptance_requested("inq-2"))
    first = archive.contract.documents[0].document_id

    assert archive.work() == [accepted("inq-1", first), accepted("inq-2", first)]
    assert archive.work_at is None


def test_the_next_holder_accepts_anew() -> None:
    archive = allowed(acceptance_requested())
    archive.work()
    for event in (registration(STRANGER), authorisation(STRANGER), OTHERS_CONTRACT):
        archive.receive(event)

    assert types(archive.receive(acceptance_requested("inq-next", STRANGER))) == BEGUN
    assert types(archive.work()) == ["contract.accepted.v1"]
    again = archive.receive(acceptance_requested("inq-again", STRANGER))
    assert types(again) == ["contract.accepted.v1"]


def test_the_submission_that_asked_for_a_document_stays_with_it() -> None:
    archive = allowed(copy_requested())

    assert archive.contract.documents[0].order.correlation_id == "submission-1"


def test_what_strangers_ask_for_does_not_grow_the_contracts_record() -> None:
    archive = Archive(RULES, recorded(), *WITH_ACCESS)
    for number in range(MOST_HELD):
        assert types(archive.receive(copy_requested(f"inq-{number}", STRANGER))) == HELD

    assert types(archive.receive(copy_requested("inq-more", STRANGER))) == [
        "contract.copy_denied.v1"
    ]
    assert types(archive.receive(copy_requested("inq-holder"))) == BEGUN
    assert len(archive.contract.held_orders) == MOST_HELD
    assert len(archive.wait(GRACE)) == MOST_HELD
    assert archive.contract.held_orders == ()


def test_a_hundred_copies_may_be_in_the_making_and_each_is_ready_once() -> None:
    archive = allowed()
    for number in range(MOST_UNDER_WAY):
        archive.receive(copy_requested(f"inq-{number}"))
    assert archive.receive(copy_requested("inq-more")) == [
        DENIED_COPY.model_copy(update={"inquiry_id": "inq-more"})
    ]
    for document in archive.contract.documents[:3]:
        assert types(archive.receive(stored(document.document_id))) == ["contract.copy_ready.v1"]
    assert len(archive.contract.documents) == MOST_UNDER_WAY - 3


def test_a_request_is_settled_by_the_record_that_comes_behind_it_in_the_same_batch() -> None:
    """The contract did not want to see the customer yet when the batch was read."""
    archive = Archive(RULES, *WITH_ACCESS)
    asked, known = (
        archive.stage.record(Message("/test", ce_type, event))
        for ce_type, event in (("asked", copy_requested()), ("known", recorded()))
    )

    events = archive.stage.process(asked, known)

    assert set(BEGUN) <= set(types(events))
    assert archive.contract.held_orders == ()
