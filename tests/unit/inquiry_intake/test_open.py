"""A sound submission becomes an inquiry and the requests that follow from it (F4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from services.inquiry_intake.inquiry.state import InquiryStanding
from shared.events.activation_code import keyed_hash
from shared.events.envelope import Event, Message
from shared.events.inquiries import InquiryKind, InquiryOpened
from shared.events.reference import parse_reference
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    ContractAcceptanceRequested,
    ContractActivationRequested,
    ContractCopyRequested,
    CustomerConsentWithdrawalRequested,
    CustomerProfileUpdateRequested,
    CustomerRegistrationRequested,
)
from shared.events.values import Authentication, ConsentPurpose, Contact, SignatureKind
from tests.builders.submissions import (
    CODE,
    CONTACT,
    INQUIRY_ID,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    PROOF,
    SIGNATURE,
    intake,
    record,
    registered,
    submission,
    types,
)


def opened(*messages: Message) -> InquiryOpened:
    """The inquiry that the last of these messages opens."""
    event = intake(*messages[:-1]).receive(messages[-1])[0]
    assert isinstance(event, InquiryOpened)
    return event


def requested(message: Message) -> list[Event]:
    return intake().receive(message)[1:]


@pytest.mark.parametrize(
    ("kind", "fields", "queue", "subject", "contracts", "requests"),
    [
        ("inquiry", {}, "contracts", "Duda de prueba", (), []),
        ("inquiry", {"contract_number": NUMBER}, "contracts", "Duda de prueba", (NUMBER,), []),
        (
            "inquiry",
            {"request_type": "orders_and_deliveries"},
            "orders",
            "Duda de prueba",
            (),
            [],
        ),
        (
            "inquiry",
            {"request_type": "inventory_and_maintenance"},
            "maintenance",
            "Duda de prueba",
            (),
            [],
        ),
        (
            "inquiry",
            {"request_type": "invoices_and_payments"},
            "billing",
            "Duda de prueba",
            (),
            [],
        ),
        (
            "registration",
            {},
            "registrations",
            "Registro de usuario",
            (),
            ["customer.registration_requested.v1"],
        ),
        (
            "contract_copy",
            {"language": "en"},
            "contracts",
            "Copy of a contract",
            (NUMBER,),
            ["contract.copy_requested.v1"],
        ),
        (
            "contract_acceptance",
            {},
            "contracts",
            "Aceptación de contrato",
            (NUMBER,),
            ["contract.acceptance_requested.v1"],
        ),
        (
            "servicepac_activation",
            {},
            "contracts",
            "Activación de ServicePac",
            (NUMBER,),
            ["contract.activation_requested.v1"],
        ),
        (
            "cancellation",
            {},
            "cancellations",
            "Solicitud de cancelación",
            (NUMBER, OTHER_NUMBER),
            ["cancellation.requested.v1", "cancellation.requested.v1"],
        ),
        (
            "cancellation_evidence",
            {},
            "cancellations",
            "Documentación para una cancelación",
            (NUMBER,),
            ["cancellation.evidence_given.v1"],
        ),
        (
            "cancellation_withdrawal",
            {},
            "cancellations",
            "Retirada de una cancelación",
            (NUMBER,),
            ["cancellation.withdrawal_requested.v1"],
        ),
        (
            "profile_update",
            {},
            "registrations",
            "Cambio de datos de registro",
            (),
            ["customer.profile_update_requested.v1"],
        ),
        (
            "consent_withdrawal",
            {"language": "en"},
            "registrations",
            "Withdrawal of a consent",
            (),
            ["customer.consent_withdrawal_requested.v1"],
        ),
        (
            "inventory_update",
            {},
            "maintenance",
            "Corrección del inventario",
            (),
            ["inventory.update_requested.v1"],
        ),
    ],
)
def test_what_a_submission_opens_and_asks_for(
    kind: str,
    fields: dict[str, Any],
    queue: str,
    subject: str,
    contracts: tuple[str, ...],
    requests: list[str],
) -> None:
    inquiry, *others = intake().receive(submission(kind, **fields))

    assert isinstance(inquiry, InquiryOpened)
    assert inquiry.kind == InquiryKind(kind)
    assert inquiry.queue == queue
    assert inquiry.subject == subject
    assert inquiry.contract_numbers == contracts
    assert types(others) == requests


def test_the_inquiry_is_named_after_the_submission() -> None:
    inquiry = opened(submission("inquiry"))

    assert inquiry.inquiry_id == INQUIRY_ID
    assert inquiry.submission_id == "s-1"
    assert parse_reference(inquiry.reference) == inquiry.reference


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-02T10:00:00+01:00", "2026-03-03T10:00:00+01:00"),
        ("2026-03-06T20:00:00+01:00", "2026-03-09T17:00:00+01:00"),  # Friday evening
        ("2026-06-12T16:00:00+02:00", "2026-06-16T10:00:00+02:00"),  # into the summer hours
    ],
)
def test_the_answer_is_due_eight_staffed_hours_after_opening(now: str, due: str) -> None:
    history = intake()
    history.now = datetime.fromisoformat(now)

    inquiry = history.receive(submission("inquiry", received_at=now))[0]

    assert isinstance(inquiry, InquiryOpened)
    assert inquiry.opened_at == datetime.fromisoformat(now)
    assert inquiry.answer_due_at == datetime.fromisoformat(due)


def test_the_contact_is_completed_with_the_registration_s_data() -> None:
    inquiry = opened(registered(), submission("inquiry", contact={"email": "otra@example.test"}))

    assert inquiry.contact == Contact(
        name="Cliente de Prueba", email="otra@example.test", phone="900 000 000"
    )


def test_who_is_not_registered_may_ask_too() -> None:
    assert opened(submission("inquiry")).contact == Contact()


def test_a_cancellation_request_carries_the_completed_contact() -> None:
    history = intake(registered())

    request = history.receive(submission("cancellation", contact={"name": "Otra Persona"}))[1]

    assert isinstance(request, CancellationRequested)
    assert request.contact.name == "Otra Persona"
    assert request.contact.email == "registro@example.test"


def test_each_contract_of_a_cancellation_is_requested_on_its_own() -> None:
    message = submission(
        "cancellation",
        signature=SIGNATURE,
        destruction_confirmed=True,
        requested_end_on="2026-05-01",
    )

    first, second = requested(message)

    assert isinstance(first, CancellationRequested)
    assert isinstance(second, CancellationRequested)
    assert (first.contract_number, second.contract_number) == (NUMBER, OTHER_NUMBER)
    assert first.model_copy(update={"contract_number": OTHER_NUMBER}) == second
    assert first.inquiry_id == INQUIRY_ID
    assert first.received_at == datetime.fromisoformat("2026-03-02T10:59:00+01:00")
    assert first.requested_end_on == date(2026, 5, 1)
    assert first.destruction_confirmed
    assert first.signature is not None
    assert first.signature.kind is SignatureKind.SIGNED_DOCUMENT


@pytest.mark.parametrize(
    ("requested_end_on", "expected"),
    [
        (None, None),
        ("2026-03-01", None),  # in the past: counts as none
        ("2026-03-02", date(2026, 3, 2)),
        ("2027-03-03", date(2027, 3, 3)),  # day 366
    ],
)
def test_a_requested_end_in_the_past_counts_as_none(
    requested_end_on: str | None, expected: date | None
) -> None:
    request = requested(submission("cancellation", requested_end_on=requested_end_on))[0]

    assert isinstance(request, CancellationRequested)
    assert request.requested_end_on == expected


def test_evidence_brings_only_what_was_given() -> None:
    (evidence,) = requested(submission("cancellation_evidence"))

    assert isinstance(evidence, CancellationEvidenceGiven)
    assert evidence.destruction_confirmed
    assert evidence.signature is None
    assert evidence.contact is None


def test_a_contact_given_as_evidence_is_completed_too() -> None:
    history = intake(registered())
    message = submission("cancellation_evidence", contact={"name": "Otra Persona"})

    evidence = history.receive(message)[1]

    assert isinstance(evidence, CancellationEvidenceGiven)
    assert evidence.contact is not None
    assert evidence.contact.complete


def test_a_copy_and_an_acceptance_carry_the_reference_for_their_document() -> None:
    inquiry, copy = intake().receive(submission("contract_copy"))
    acceptance = requested(submission("contract_acceptance"))[0]

    assert isinstance(inquiry, InquiryOpened)
    assert isinstance(copy, ContractCopyRequested)
    assert isinstance(acceptance, ContractAcceptanceRequested)
    assert copy.reference == acceptance.reference == inquiry.reference
    assert acceptance.signed_by == "Cliente de Prueba"
    assert (acceptance.text_sha256, acceptance.authentication) == (None, None)


def test_an_acceptance_carries_the_text_and_how_the_signer_was_authenticated() -> None:
    given = {"text_sha256": f" {'AB' * 32} ", "authentication": PROOF}
    acceptance = requested(submission("contract_acceptance", **given))[0]

    assert isinstance(acceptance, ContractAcceptanceRequested)
    assert acceptance.text_sha256 == "ab" * 32
    assert acceptance.authentication == Authentication.model_validate(PROOF)


def test_a_registration_passes_everything_on() -> None:
    (request,) = requested(submission("registration"))

    assert isinstance(request, CustomerRegistrationRequested)
    assert (request.name, request.email) == ("Cliente de Prueba", "cliente@example.test")
    assert [consent.wording_version for consent in request.consents] == ["2026-01", "2026-01"]


@pytest.mark.parametrize(
    "given",
    [
        {"email": "nuevo@example.test"},
        {"email": None, "language": "en"},
        {"name": "Otro Nombre", "phone": "900 000 001", "company": "Otra", "country": "PT"},
    ],
)
def test_an_update_passes_on_only_what_was_given(given: dict[str, Any]) -> None:
    (request,) = requested(submission("profile_update", **given))

    assert isinstance(request, CustomerProfileUpdateRequested)
    changes = request.model_dump(mode="json", exclude_none=True)
    of_all = {"inquiry_id", "customer_id", "channel", "received_at"}
    assert {name: it for name, it in changes.items() if name not in of_all} == {
        name: it for name, it in {"email": "nuevo@example.test", **given}.items() if it
    }


def test_a_withdrawn_consent_is_passed_on_with_its_wording_and_time() -> None:
    (request,) = requested(submission("consent_withdrawal"))

    assert isinstance(request, CustomerConsentWithdrawalRequested)
    assert (request.purpose, request.wording_version) == (ConsentPurpose.TRANSFER_ABROAD, "2026-01")
    assert request.withdrawn_at == datetime.fromisoformat("2026-03-02T10:58:00+01:00")


def test_until_an_update_is_decided_the_registered_address_gets_the_answers() -> None:
    message = submission("profile_update", email="nuevo@example.test", name="Otro Nombre")

    assert opened(registered(), message).contact == Contact(
        name="Cliente de Prueba", email="registro@example.test", phone="900 000 000"
    )


def test_an_update_by_someone_who_is_not_registered_is_answered_where_it_says() -> None:
    message = submission("profile_update", email="nuevo@example.test")

    assert opened(message).contact == Contact(email="nuevo@example.test")


def test_the_details_of_an_update_say_the_new_language_too() -> None:
    lines = {
        it.field: it.value for it in opened(submission("profile_update", language="en")).details
    }

    assert lines == {
        "received_at": "2026-03-02T10:59:00+01:00",
        "email": "nuevo@example.test",
        "language": "en",
    }


def test_the_details_say_line_by_line_what_was_submitted() -> None:
    message = submission(
        "cancellation",
        requested_end_on="2026-02-01",
        destruction_confirmed=True,
        contact=CONTACT,
        comment="Gracias.\nUn saludo.",
    )

    lines = {line.field: line.value for line in opened(message).details}

    assert lines == {
        "received_at": "2026-03-02T10:59:00+01:00",
        "contract_numbers": f"{NUMBER}, {OTHER_NUMBER}",
        "contact.name": "Cliente de Prueba",
        "contact.email": "cliente@example.test",
        "requested_end_on": "2026-02-01",
        "destruction_confirmed": "true",
        "comment": "Gracias.\nUn saludo.",
    }


def test_consents_are_confirmed_with_wording_and_time() -> None:
    lines = {line.field: line.value for line in opened(submission("registration")).details}

    assert lines["consents.0.purpose"] == "store_and_contact"
    assert lines["consents.1.wording_version"] == "2026-01"
    assert lines["consents.1.given_at"] == "2026-03-02T10:58:00+01:00"


def test_the_activation_code_reaches_the_archive_as_a_keyed_hash_and_nothing_else() -> None:
    inquiry, request = intake().receive(submission("servicepac_activation"))

    assert isinstance(inquiry, InquiryOpened)
    assert isinstance(request, ContractActivationRequested)
    assert request.code_hash == keyed_hash(b"development-only", request.contract_number, CODE)
    assert CODE not in inquiry.model_dump_json() + request.model_dump_json()
    assert ("activation_code", "••••") in {(line.field, line.value) for line in inquiry.details}


def test_an_opened_inquiry_is_kept_with_what_it_asks_for() -> None:
    kept = record(intake(submission("cancellation")), INQUIRY_ID)

    assert kept.status is InquiryStanding.OPEN
    assert kept.opened_at == NOW
    assert [contract.contract_number for contract in kept.contracts] == [NUMBER, OTHER_NUMBER]
    assert not kept.answered


def test_a_plain_question_asks_for_no_contract() -> None:
    kept = record(intake(submission("inquiry", contract_number=NUMBER)), INQUIRY_ID)

    assert kept.contracts == ()


def test_the_same_submission_again_changes_nothing() -> None:
    history = intake(submission("cancellation"))
    before = record(history, INQUIRY_ID)

    assert history.receive(submission("cancellation")) == []
    assert record(history, INQUIRY_ID) == before


def test_what_is_attached_to_a_submission_is_named_by_its_inquiry() -> None:
    attached = opened(submission("inquiry", documents=["doc-1", "doc-2"]))

    assert attached.documents == ("doc-1", "doc-2")
    assert "documents" not in {line.field for line in attached.details}
    assert opened(submission("inquiry")).documents is None
