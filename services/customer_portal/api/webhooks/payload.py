"""The payload of a webhook: ids and types, never a person's own words or address.

The rest is read with `records:read`. A partner without it hears of its own submissions alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from services.customer_portal.api.partners import Partner, Scope
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    ContractStatusChanged,
)
from shared.events.envelope import Event
from shared.events.inquiries import (
    InquiryClosed,
    InquiryOpened,
    InquiryProgressed,
    InquiryReopened,
    InquiryResolved,
)
from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPICS

OF_SUBMISSIONS = (InquiryOpened, SubmissionRejected)
"""They name the submission that they answer, and its source."""
_TYPES: tuple[type[Event], ...] = (
    *OF_SUBMISSIONS,
    InquiryProgressed,
    InquiryResolved,
    InquiryClosed,
    InquiryReopened,
    ContractStatusChanged,
    ContractCopyReady,
    ContractCopyDenied,
    ContractAccepted,
    ContractAcceptanceDenied,
    ContractActivated,
    ContractActivationFailed,
    *(it for it in TOPICS["desk.cancellations"].events if issubclass(it, CancellationEvent)),
)
OFFERED = {it.ce_type: it for it in _TYPES}
READ_FROM = ("desk.inquiries", "desk.rejections", "desk.cancellations", "desk.contracts")
OF_A_SUBMISSION = frozenset(
    {"submission_id", "submission_source", "submission_type", "customer_id", "inquiry_id"}
    | {"reference", "kind", "contract_numbers", "errors"}
)
TOLD = OF_A_SUBMISSION | frozenset(
    {"contract_number", "answers_inquiry_id", "first_inquiry_id", "status", "by", "sequence"}
    | {"opened_at", "answer_due_at", "policy", "policy_version", "rule", "cause", "missing"}
    | {"received_on", "complete_on", "notice_ends_on", "effective_on", "last_billable_on"}
    | {"due_on", "ends_on", "lapses_on", "lapsed_on", "withdrawn_on", "issued_on", "paid_on"}
    | {"invoice_number", "document_id", "sha256", "available_until", "attempts_left"}
)
"""Fields without a person's name, address or words. A new field is left out until it is listed."""


def may_hear(partner: Partner, event: Event) -> bool:
    """Whether the partner's scopes let it hear of the event."""
    if Scope.READ in partner.scopes:
        return True
    source = getattr(event, "submission_source", None)
    return isinstance(event, OF_SUBMISSIONS) and bool(source) and partner.writes_as(str(source))


def body_of(partner: Partner, event: Event, customer_id: str, at: datetime) -> bytes:
    """The same bytes at every attempt."""
    told = TOLD if Scope.READ in partner.scopes else OF_A_SUBMISSION
    said: dict[str, Any] = event.model_dump(mode="json", exclude_none=True, include=set(told))
    return to_json(
        {
            "type": event.ce_type,
            "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "data": said | {"customer_id": customer_id},
        }
    )
