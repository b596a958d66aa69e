"""The words that stand for something in events, each with its meaning.

Values of an enum in the models are an `enum` in the schema and carry their meanings themselves.
Where a reader must expect more, as for rules and for what happens on the way, they are `examples`.
Tests hold the words against what the code can emit, both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.choices import Word
from shared.events.contracts import ContractType, DenialCause
from shared.events.error_codes import ErrorCode
from shared.runtime.reason import Reason

Meanings = dict[str, str]

POLICIES: Meanings = {
    "single-charge": "Passport Advantage: paid once, no cancellation needed (F10).",
    "renewal-lapse": "Passport Advantage with automatic renewal: lapses unpaid (F10).",
    "monthly-notice": "Monthly-charge licence: copies destroyed, notice kept (F11).",
    "written-notice": "Maintenance: written, signed, with a contact (F12).",
    "refer": "Everything else: a professional decides (F6).",
}

RULES: Meanings = {
    "agent-approved": "A professional approved it.",
    "agent-refused": "A professional refused it.",
    "already-effective": "The cancellation took effect before.",
    "already-scheduled": "The contract's cancellation is scheduled already.",
    "already-withdrawn": "The request was withdrawn before.",
    "cancelled-by-another": "The contract is cancelled at another customer's request.",
    "contact-missing": "A contact name and one means of contact are missing (F12).",
    "contract-already-ended": "The contract has ended and does not renew itself.",
    "contract-not-found": "The registry has no such contract of this customer.",
    "contradictory-record": "The registry's record ends before it starts.",
    "destruction-not-confirmed": "The destruction of all copies is not confirmed yet (F11).",
    "effective-day-reached": "The effective day has begun.",
    "ends-by-itself": "The contract ends before a cancellation could.",
    "evidence-not-received": "What was missing did not come in time.",
    "evidence-reminder": "What is missing is due soon.",
    "evidence-without-request": "Evidence came, and no request waited for it.",
    "holder-changed": "The registry names another holder.",
    "holder-restored": "The registry names the first holder again.",
    "no-policy-for-type": "No policy knows the contract's type.",
    "not-started": "The policy's day lies before the contract's first.",
    "nothing-to-withdraw": "Nothing is scheduled that could be withdrawn.",
    "notice-from-completion": "Notice counts from the day on which nothing was missing.",
    "paid-at-the-start": "Paid with one single charge (F10).",
    "paid-in-time-reported-late": "Paid in time, reported after the lapse.",
    "received-in-time": "Received in time, delivered after the effect or the expiry.",
    "renewal-lapsed": "The renewal has lapsed before.",
    "renewal-lapses-unpaid": "No cancellation needed; the open renewal lapses unpaid (F10).",
    "renewal-watched": "The renewal's invoice is watched.",
    "requested-end-date": "The requested end date lies after the end of the notice.",
    "signature-and-contact-missing": "Signature and contact are missing (F12).",
    "signature-missing": "The signature is missing (F12).",
    "too-late-to-withdraw": "It takes effect today or took effect before.",
    "too-many-requests": "Too many requests wait: a professional looks first.",
    "unpaid-in-time": "The renewal's invoice was not paid in time (F10).",
    "withdrawal-before-request": "The withdrawal was received before the request.",
    "withdrawn-before-decision": "The request was withdrawn before it was decided.",
    "withdrawn-in-time": "The scheduled cancellation was withdrawn before its day.",
}

HAPPENED: Meanings = {
    "accepted": "The contract's acceptance is kept.",
    "acceptance_denied": "The acceptance is not recorded.",
    "activated": "The ServicePac contract is active.",
    "activation_failed": "Code and number do not match.",
    "already_scheduled": "The cancellation was scheduled before.",
    "answered": "A professional answered.",
    "consent_withdrawn": "The customer's consent is withdrawn, and access with it.",
    "copy_denied": "There is no copy for this customer.",
    "copy_ready": "The copy can be fetched.",
    "evidence_awaited": "Something is missing.",
    "evidence_reminded": "Something is still missing.",
    "expired": "What was missing did not come in time.",
    "follow_up_received": "The customer added something.",
    "inventory_update_refused": "The inventory stays as it is.",
    "inventory_updated": "The inventory has the customer's correction.",
    "not_required": "No cancellation is needed.",
    "notification_failed": "A mail about it could not be delivered.",
    "profile_updated": "The customer's profile has the new data.",
    "referred": "A professional decides.",
    "refused": "A professional refused.",
    "registered": "The customer is registered.",
    "request_denied": "No such customer is registered.",
    "routed": "A professional moved it to another queue.",
    "scheduled": "The cancellation is scheduled.",
    "suspended": "The cancellation waits for a professional.",
    "took_effect": "The contract is cancelled.",
    "withdrawal_refused": "There was nothing to withdraw, or too late.",
    "withdrawn": "The cancellation was withdrawn.",
}

COPY_CAUSES: Meanings = {
    cause.value: cause.meaning for cause in (DenialCause.NOT_AVAILABLE, DenialCause.NOT_PRINTABLE)
}

CONTRACTS_OF_AN_INQUIRY: Meanings = {
    "pending": "The desk has not answered yet.",
    "evidence_awaited": "Something is missing.",
    "referred": "A professional decides.",
    "scheduled": "The cancellation is scheduled.",
    "not_required": "No cancellation is needed.",
    "expired": "What was missing did not come in time.",
    "refused": "A professional refused.",
    "already_scheduled": "The cancellation was scheduled before.",
    "withdrawn": "The cancellation was withdrawn.",
    "took_effect": "The contract is cancelled.",
    "answered": "What was asked has its answer.",
}

OPEN_REQUESTS: Meanings = {
    "held": "The registry's record of the contract is waited for.",
    "awaiting": "Something is missing.",
    "referred": "A professional decides.",
    "notice": "No cancellation is needed; it counts again if the contract's term is extended.",
}

QUEUES: Meanings = {
    "contracts": "Contracts, copies, acceptances and activations.",
    "orders": "Orders and deliveries.",
    "maintenance": "Inventory and maintenance.",
    "billing": "Invoices and payments.",
    "cancellations": "Cancellations, their evidence and withdrawals.",
    "registrations": "Registrations and profiles.",
}

MAIL_ERRORS: Meanings = {
    "no_address": "No address of the customer is known.",
    "inquiry_unknown": "The inquiry that the mail belongs to has not been read yet.",
    "rate_limited": "Too many mails to an address that is not the registered one.",
    "timeout": "The mail server was too slow.",
    "smtp_unavailable": "The mail server cannot be reached, or broke off.",
    "smtp_authentication": "The mail server does not take the desk's name and password.",
    "smtp_NNN": "The mail server answered with this code, such as `smtp_550`.",
}

KINDS: Meanings = {
    "file": "A contract's cancellation file.",
    "contract": "A contract.",
    "customer": "A customer.",
    "inquiry": "An inquiry.",
    "notification": "A mail.",
    "summary": "The decisions on one request for several contracts.",
}


def meanings_of(words: type[Word]) -> Meanings:
    return {word.value: word.meaning for word in words}


@dataclass(frozen=True)
class OpenSet:
    """Words that may grow, and the fields that hold them: owner and name, `*` for any owner.

    An owner is an event type or the name of a shared value.
    """

    words: Meanings
    fields: tuple[tuple[str, str], ...]


_LETTERS = tuple(f"dead_letter.{act}.v1" for act in ("replayed", "edited", "discarded"))

OPEN_SETS = (
    OpenSet(POLICIES, (("*", "policy"),)),
    OpenSet(RULES, (("*", "rule"),)),
    OpenSet(HAPPENED, (("inquiry.progressed.v1", "status"),)),
    OpenSet(meanings_of(ErrorCode), (("FieldError", "code"),)),
    OpenSet(COPY_CAUSES, (("contract.copy_denied.v1", "cause"),)),
    OpenSet(meanings_of(DenialCause), (("contract.acceptance_denied.v1", "cause"),)),
    OpenSet(CONTRACTS_OF_AN_INQUIRY, (("ContractOfInquiry", "status"),)),
    OpenSet(OPEN_REQUESTS, (("OpenRequest", "status"),)),
    OpenSet(
        QUEUES,
        tuple(
            (f"inquiry.{event}.v1", "queue")
            for event in ("opened", "progressed", "overdue", "state")
        ),
    ),
    OpenSet(
        meanings_of(ContractType),
        (
            ("registry.contract_recorded.v1", "type"),
            ("contract.recorded.v1", "type"),
            ("contract.state.v1", "type"),
        ),
    ),
    OpenSet(MAIL_ERRORS, (("notification.failed.v1", "error"), ("mail.attempted.v1", "error"))),
    OpenSet(meanings_of(Reason), tuple((letter, "reason") for letter in _LETTERS)),
    OpenSet(KINDS, (("dead_letter.discarded.v1", "kind"), ("timer.due.v1", "kind"))),
)


def open_set_of(owner: str, field: str) -> OpenSet | None:
    """The words of a field that readers must expect more of; None for any other field."""
    return next(
        (it for it in OPEN_SETS if {(owner, field), ("*", field)} & {*it.fields}),
        None,
    )
