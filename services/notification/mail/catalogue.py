"""Which event a customer hears of, in which words, and where: one table.

The row's template is the name of a file in `templates/{es,en}/` and of the public
`notification.*` events; a test holds files and table together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.notification.mail.rejection import is_the_customers
from shared.events import cancellations as c
from shared.events import contracts as k
from shared.events import inquiries as i
from shared.events.envelope import Event
from shared.events.submissions import SubmissionRejected


class SendTo(Enum):
    """Whose address a mail takes, best first."""

    FILE = "the latest contact known for the contract's file, the inquiry's, the profile"
    INQUIRY = "the contact given with the inquiry, the profile"
    OPENING = "the contact given with the inquiry, the latest known for its file, the profile"
    EVENT = "the contact in the event itself, the profile"
    FORMER = "the address in the notification alone: the one that was registered before"
    HOLDER = "the profile alone: what it carries is not for someone who wrote a contact in a form"


@dataclass(frozen=True, slots=True)
class Mail:
    """One row. `keeps` names the event's fields that the words need, and no others are kept.

    `titled` lets the words name the contract's title; answers that must read the same whether or
    not the contract exists (F8) never do. `waits`: no address yet is no reason to give up at once.
    `summarised`: on a request for several contracts, one mail says all of these.
    """

    template: str
    keeps: tuple[str, ...] = ()
    to: SendTo = SendTo.FILE
    titled: bool = False
    waits: bool = False
    summarised: bool = False


WHY = ("explanation",)
INQUIRY, HOLDER = SendTo.INQUIRY, SendTo.HOLDER
ACTIVATION_CODE = Mail(
    "servicepac_activation_code",
    ("activation_code", "title"),
    to=HOLDER,
    titled=True,
    waits=True,
)

MAILS: dict[type[Event], Mail] = {
    SubmissionRejected: Mail(
        "submission_rejected", ("errors", "submission_type", "requested_language"), to=SendTo.EVENT
    ),
    # The life of an inquiry
    i.InquiryOpened: Mail("inquiry_opened", ("details",), to=SendTo.OPENING),
    i.InquiryClosed: Mail("inquiry_closed", to=INQUIRY),
    i.InquiryReopened: Mail("inquiry_reopened", ("answer_due_at",), to=INQUIRY),
    # Decisions on cancellations and renewals
    c.CancellationScheduled: Mail(
        "cancellation_scheduled",
        (
            *WHY,
            "received_on",
            "complete_on",
            "notice_ends_on",
            "effective_on",
            "last_billable_on",
        ),
        titled=True,
        summarised=True,
    ),
    c.CancellationNotRequired: Mail(
        "cancellation_not_required", (*WHY, "lapses_on"), titled=True, summarised=True
    ),
    c.CancellationEvidenceAwaited: Mail(
        "cancellation_evidence_awaited", (*WHY, "missing", "due_on"), titled=True, summarised=True
    ),
    c.CancellationEvidenceReminded: Mail(
        "cancellation_evidence_reminded", (*WHY, "missing", "due_on"), titled=True
    ),
    c.CancellationExpired: Mail("cancellation_expired", (*WHY, "due_on"), titled=True),
    c.CancellationReferred: Mail("cancellation_referred", WHY, summarised=True),
    c.CancellationRefused: Mail("cancellation_refused", (*WHY, "reason"), summarised=True),
    c.CancellationAlreadyScheduled: Mail(
        "cancellation_already_scheduled", (*WHY, "effective_on"), titled=True, summarised=True
    ),
    c.CancellationWithdrawn: Mail("cancellation_withdrawn", (*WHY, "withdrawn_on"), titled=True),
    c.CancellationWithdrawalRefused: Mail("cancellation_withdrawal_refused", (*WHY, "cause")),
    c.CancellationTookEffect: Mail(
        "cancellation_took_effect", (*WHY, "effective_on", "last_billable_on"), titled=True
    ),
    c.RenewalLapsed: Mail(
        "renewal_lapsed",
        (*WHY, "invoice_number", "issued_on", "effective_on", "last_billable_on"),
        titled=True,
        waits=True,
    ),
    c.CancellationSuspended: Mail("cancellation_suspended", (*WHY, "effective_on"), titled=True),
    c.RenewalReinstated: Mail(
        "renewal_reinstated", (*WHY, "invoice_number", "paid_on"), titled=True, waits=True
    ),
    # Contracts
    k.RegistryContractRecorded: ACTIVATION_CODE,
    k.ContractRecorded: ACTIVATION_CODE,  # as an earlier release wrote it: with the code
    k.ContractAccepted: Mail(
        "contract_accepted",
        ("document_id", "sha256", "text_document_id", "text_sha256"),
        to=HOLDER,
        titled=True,
        waits=True,
    ),
    k.ContractAcceptanceDenied: Mail("contract_acceptance_denied", ("cause",), to=INQUIRY),
    k.ContractCopyReady: Mail(
        "contract_copy_ready",
        ("document_id", "link", "sha256", "available_until"),
        to=HOLDER,
        titled=True,
        waits=True,
    ),
    k.ContractCopyDenied: Mail("contract_copy_denied", ("cause",), to=INQUIRY),
    k.ContractActivated: Mail("contract_activated", to=INQUIRY, titled=True),
    k.ContractActivationFailed: Mail("contract_activation_failed", ("attempts_left",), to=INQUIRY),
    # Customers
    k.CustomerRegistered: Mail("customer_registered", to=HOLDER, waits=True),
    k.CustomerAccessAuthorised: Mail("customer_access_authorised", to=HOLDER, waits=True),
    k.CustomerProfileUpdated: Mail("customer_profile_updated", to=HOLDER, waits=True),
    k.CustomerConsentWithdrawn: Mail(
        "customer_consent_withdrawn", ("purpose", "withdrawn_at"), to=HOLDER, waits=True
    ),
    k.CustomerRequestDenied: Mail("customer_request_denied", ("cause",), to=INQUIRY),
}

INVENTORY_DECISION = Mail("inventory_update_decided", ("note",), to=INQUIRY)

PROGRESS_MAILS: dict[str, Mail] = {
    "answered": Mail("inquiry_answered", ("note",), to=INQUIRY),
    "routed": Mail("inquiry_routed", ("note",), to=INQUIRY),
    "inventory_updated": INVENTORY_DECISION,
    "inventory_update_refused": INVENTORY_DECISION,
}
"""The statuses of `inquiry.progressed` that a customer hears of; the others are in its history."""

ADDRESS_CHANGED = Mail("customer_address_changed", to=SendTo.FORMER)
"""To the address that a changed profile had before: its owner must hear of it."""

SUMMARY = Mail("cancellation_decisions", to=SendTo.OPENING, titled=True)
"""The mail of a summary: the decisions on one request for several contracts."""

BY_TEMPLATE: dict[str, Mail] = {
    mail.template: mail
    for mail in (*MAILS.values(), *PROGRESS_MAILS.values(), ADDRESS_CHANGED, SUMMARY)
}


def mail_for(event: Event) -> Mail | None:
    """The mail that `event` causes, or None.

    A rejection for the channel's own faults is the channel's matter. What the desk closes or
    reopens itself it has already said in its answer. Of the registry's
    records only a ServicePac's with its code is news to the customer (F9).
    """
    match event:
        case SubmissionRejected(errors=errors):
            if not any(is_the_customers(error.field, error.code) for error in errors):
                return None
        case i.InquiryProgressed(status=status):
            return PROGRESS_MAILS.get(status)
        case i.InquiryClosed(by=i.ClosedBy.DESK) | i.InquiryReopened(by=i.ClosedBy.DESK):
            return None
        case k.RegistryContractRecorded() | k.ContractRecorded() if not _activation_code(event):
            return None
    return MAILS.get(type(event))


def _activation_code(contract: k.RegistryContractRecorded | k.ContractRecorded) -> str | None:
    return contract.activation_code if contract.type == k.ContractType.SERVICEPAC else None
