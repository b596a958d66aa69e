"""The words that stand for something in events, each with its meaning.

Values of an enum in the models are an `enum` in the schema. Where a reader must expect more, as for
rules and for what happens on the way, they are `examples`. Tests hold the words against what the
code can emit.
"""

from __future__ import annotations

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
    "too-many-requests": "So many requests wait that a professional looks first.",
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

FAULTS: Meanings = {
    "missing": "The field is missing.",
    "wrong_type": "Not of the expected type.",
    "wrong_format": "Not of the expected format.",
    "too_long": "Too long, or too many items.",
    "too_short": "Empty or too short.",
    "not_allowed": "Not one of the values allowed.",
    "duplicate": "More than once.",
    "in_future": "In the future.",
    "too_old": "Too far in the past.",
    "too_far_ahead": "Too far ahead.",
    "consent_missing": "A consent without which there is no registration (F3).",
    "evidence_missing": "None of the pieces of evidence is given.",
    "change_missing": "Nothing that a profile update could change is given.",
    "inquiry_unknown": "No such inquiry of this customer.",
    "not_settled": "The inquiry has contracts in progress.",
    "id_reused": "The id was used for another submission.",
    "too_large": "The record is larger than 256 KiB.",
    "unknown_type": "No such type of submission.",
    "not_json": "The value is no JSON.",
    "not_an_object": "The value is no JSON object.",
    "structured_mode": "Structured mode; binary mode is needed.",
    "ambiguous": "One attribute with two values.",
    "source_not_allowed": "The topic does not take this source.",
    "contract_unknown": "The registry has reported no such contract.",
    "text_not_current": "Not the contract's current text (F1).",
    "wrong_key": "The record's key is not the one of its data.",
}

OPEN_SETS: dict[tuple[str, str], Meanings] = {
    ("*", "policy"): POLICIES,
    ("*", "rule"): RULES,
    ("inquiry.progressed.v1", "status"): HAPPENED,
    ("FieldError", "code"): FAULTS,
}
"""By owner (an event type, a shared value, `*` for any) and field: words that may grow."""


def words_of(owner: str, field: str) -> Meanings | None:
    """The words of a field that readers must expect more of; None for any other field."""
    return OPEN_SETS.get((owner, field)) or OPEN_SETS.get(("*", field))
