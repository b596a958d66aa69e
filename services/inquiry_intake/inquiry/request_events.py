"""The requests of an inquiry to other services: one event per contract or inventory item."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.rules import PROFILE_FIELDS
from shared.events.activation_code import keyed_hash
from shared.events.envelope import Event
from shared.events.inquiries import InquiryOpened
from shared.events.inventory import InventoryUpdateRequested
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    CancellationWithdrawalRequested,
    ContractAcceptanceRequested,
    ContractActivationRequested,
    ContractCopyRequested,
    CustomerConsentWithdrawalRequested,
    CustomerProfileUpdateRequested,
    CustomerRegistrationRequested,
)
from shared.events.submissions import (
    CancellationEvidenceSubmitted,
    CancellationSubmitted,
    CancellationWithdrawalSubmitted,
    ConsentWithdrawalSubmitted,
    ContractAcceptanceSubmitted,
    ContractCopySubmitted,
    InventoryUpdateSubmitted,
    ProfileUpdateSubmitted,
    RegistrationSubmitted,
    ServicepacActivationSubmitted,
    Submission,
)
from shared.events.values import Channel, Contact, Instant, madrid_date


class _Common(TypedDict):
    inquiry_id: str
    customer_id: str
    channel: Channel
    received_at: Instant


def requests_of(rules: Rules, submission: Submission, inquiry: InquiryOpened) -> list[Event]:
    """The requests of a sound submission; a plain question has none, an agent answers it (F6)."""
    common = _Common(
        inquiry_id=inquiry.inquiry_id,
        customer_id=submission.customer_id,
        channel=submission.channel,
        received_at=submission.received_at,
    )
    match submission:
        case CancellationSubmitted():
            return _cancellations(submission, inquiry.contact, common)
        case CancellationEvidenceSubmitted():
            return [_evidence(submission, inquiry.contact, common)]
        case CancellationWithdrawalSubmitted():
            return [
                CancellationWithdrawalRequested(
                    **common, contract_number=submission.contract_number
                )
            ]
        case RegistrationSubmitted():
            return [_registration(submission, common)]
        case ProfileUpdateSubmitted():
            return [_profile_update(submission, common)]
        case ConsentWithdrawalSubmitted():
            return [_consent_withdrawal(submission, common)]
        case ServicepacActivationSubmitted():
            return [_activation(rules, submission, common)]
        case ContractCopySubmitted() | ContractAcceptanceSubmitted():
            return [_document(submission, inquiry, common)]
        case InventoryUpdateSubmitted():
            return [_inventory_update(submission, common)]
    return []


def _cancellations(
    submission: CancellationSubmitted, contact: Contact, common: _Common
) -> list[Event]:
    return [
        CancellationRequested(
            **common,
            contract_number=number,
            contact=contact,
            requested_end_on=_future_end(submission),
            destruction_confirmed=submission.destruction_confirmed,
            signature=submission.signature.plain if submission.signature else None,
        )
        for number in submission.contract_numbers
    ]


def _future_end(submission: CancellationSubmitted) -> date | None:
    """The requested end date; one in the past, seen from the day of receipt, counts as none."""
    requested = submission.requested_end_on
    if requested is None or requested < madrid_date(submission.received_at):
        return None
    return requested


def _evidence(
    submission: CancellationEvidenceSubmitted, contact: Contact, common: _Common
) -> Event:
    return CancellationEvidenceGiven(
        **common,
        contract_number=submission.contract_number,
        destruction_confirmed=bool(submission.destruction_confirmed),
        signature=submission.signature.plain if submission.signature else None,
        contact=contact if submission.contact is not None else None,
    )


def _registration(submission: RegistrationSubmitted, common: _Common) -> Event:
    return CustomerRegistrationRequested(
        **common,
        language=submission.language,
        name=submission.name,
        email=submission.email,
        phone=submission.phone,
        company=submission.company,
        country=submission.country,
        consents=tuple(consent.plain for consent in submission.consents),
    )


def _inventory_update(submission: InventoryUpdateSubmitted, common: _Common) -> Event:
    return InventoryUpdateRequested(
        **common,
        item_id=submission.item_id,
        expected_version=submission.expected_version,
        changes=submission.changes.plain,
        comment=submission.comment,
    )


def _profile_update(submission: ProfileUpdateSubmitted, common: _Common) -> Event:
    """Only what was given: a language that nobody said is no change."""
    given = submission.model_dump(include=set(PROFILE_FIELDS), exclude_unset=True)
    return CustomerProfileUpdateRequested(**common, **given)


def _consent_withdrawal(submission: ConsentWithdrawalSubmitted, common: _Common) -> Event:
    return CustomerConsentWithdrawalRequested(
        **common,
        purpose=submission.purpose,
        wording_version=submission.wording_version,
        withdrawn_at=submission.withdrawn_at,
    )


def _activation(rules: Rules, submission: ServicepacActivationSubmitted, common: _Common) -> Event:
    """The code goes no further than this; its hash does (F9)."""
    number, code = submission.contract_number, submission.activation_code
    return ContractActivationRequested(
        **common,
        contract_number=number,
        code_hash=keyed_hash(rules.activation_code_key, number, code),
    )


def _document(
    submission: ContractCopySubmitted | ContractAcceptanceSubmitted,
    inquiry: InquiryOpened,
    common: _Common,
) -> Event:
    if isinstance(submission, ContractCopySubmitted):
        return ContractCopyRequested(
            **common,
            contract_number=submission.contract_number,
            reference=inquiry.reference,
            language=submission.language,
        )
    return ContractAcceptanceRequested(
        **common,
        contract_number=submission.contract_number,
        reference=inquiry.reference,
        language=submission.language,
        signed_by=submission.signed_by,
        signed_at=submission.signed_at,
        text_sha256=submission.text_sha256,
        authentication=submission.authentication.plain if submission.authentication else None,
    )
