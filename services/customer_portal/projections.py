"""Folds public topics into what the pages read: inquiries, contracts, customers and policies.

No fold depends on the order in which the topics are read: each takes from every topic only the
fields that no other topic has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.customer_portal.words import status_of
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import ContractAccepted, ContractCopyReady, CustomerProfile
from shared.events.documents import (
    DocumentEvent,
    DocumentKept,
    DocumentReceived,
    DocumentRefused,
)
from shared.events.envelope import Event, Message, message_uuid
from shared.events.inquiries import (
    FollowedUp,
    InquiryClosed,
    InquiryOpened,
    InquiryProgressed,
    InquiryReopened,
    InquiryResolved,
)
from shared.events.internal import KeyForgotten
from shared.events.mail_address import address_key
from shared.events.notifications import NotificationEvent, NotificationSent
from shared.events.policies import PolicyInForce
from shared.events.states import CancellationStated, ContractStated, InquiryStated
from shared.events.submissions import SubmissionRejected
from shared.mongo.client import Document
from shared.runtime.projections.projection import Projection

FOLDS = 4
"""Raise it when a fold changes: the projections are then rebuilt beside those in use."""
INQUIRIES, CONTRACTS, CUSTOMERS, POLICIES = "inquiries", "contracts", "customers", "policies"
ATTACHMENTS = "attachments"
MOST_ENTRIES, MOST_CHARACTERS = 500, 1_000_000
"""Limits of a conversation, newest first: its document stays far below MongoDB's 16 MiB."""
MOST_MAILS = 1_000
MOST_DECISIONS, MOST_COPIES = 50, 20
MADE = ("document_id", "contract_number", "available_until")
"""Fields that are kept of a document that the archive has made."""
FORGOTTEN = "forgotten"
SAID = ("customer_id", "file_name", "media_type", "size")
"""Fields that are kept of an attachment's claim check."""


def submission_key(source: str, submission_id: str) -> str:
    """The id of the inquiry that a submission opens, and of the document that has its answer."""
    return str(message_uuid(source, submission_id))


# Inquiries


def inquiry_keys(message: Message) -> Iterable[str]:
    """The inquiry; for an answer to a follow-up, the follow-up's own document too."""
    event = message.data
    match event:
        case KeyForgotten():
            return (event.key,) if event.topic == "desk.inquiry-states" else ()
        case SubmissionRejected():
            return _of_submission(event.submission_source, event.submission_id)
        case InquiryOpened() | InquiryResolved() | InquiryStated():
            return (event.inquiry_id,)
        case InquiryProgressed() | InquiryClosed() | InquiryReopened():
            return event.inquiry_id, *_of_submission(event.submission_source, event.submission_id)
        case ContractCopyReady() | ContractAccepted():
            return (event.inquiry_id,)
        case NotificationEvent() if event.inquiry_id:
            return (event.inquiry_id,)
        case _:
            return ()


def _of_submission(source: str | None, submission_id: str | None) -> tuple[str, ...]:
    return (submission_key(source, submission_id),) if source and submission_id else ()


def fold_inquiry(document: Document, message: Message) -> Document:
    """A document is an inquiry, or the answer to a submission that opened none."""
    return _listed(_folded(document, message))


def _listed(document: Document) -> Document:
    """With what lists are sorted and filtered by; only inquiries are in lists."""
    stated = document.get("stated", {})
    opened_at = document.get("opened_at") or stated.get("opened_at")
    if opened_at is None:
        return document
    return document | {
        "listed_at": opened_at,
        "reference": document.get("reference") or stated.get("reference"),
        "standing": status_of(document),
    }


def _folded(document: Document, message: Message) -> Document:
    event = message.data
    if FORGOTTEN in document:  # for good, also where another topic is read later
        return document
    match event:
        case KeyForgotten():
            return {FORGOTTEN: True}
        case SubmissionRejected():
            told = _dump(event)
            return document | {
                "customer_id": event.customer_id,
                "rejected": told["errors"],
            }
        case InquiryOpened():
            return document | _dump(event) | {"status": "open", "opened": True}
        case InquiryProgressed():
            return _entered(document, message, event)
        case InquiryResolved():
            return _entered(document, message, event) | {"status": "resolved"}
        case InquiryClosed():
            closed = {"status": "closed", "closed_by": event.by.value}
            return _entered(document, message, event) | closed
        case InquiryReopened():
            due = {"status": "open", "answer_due_at": _dump(event)["answer_due_at"]}
            return _entered(document, message, event) | due
        case InquiryStated():
            return _with_state(document, event)
        case ContractCopyReady() | ContractAccepted():
            made = _dump(event)
            return document | {"document": {it: made[it] for it in MADE if it in made}}
        case NotificationEvent():
            return _with_mail(document, event)
        case _:
            return document


def _entered(document: Document, message: Message, event: Event) -> Document:
    """The conversation with one entry more."""
    said = _dump(event)
    entry = {
        name: said[name]
        for name in ("by", "status", "note", "text", "contract_number", "documents")
        if said.get(name) is not None
    } | {"type": event.ce_type, "at": message.time, "id": message.id}
    if isinstance(event, FollowedUp) and event.submission_id:
        entry["submission_id"] = event.submission_id
    entries = _newest([*document.get("entries", ()), entry])
    return document | {"entries": entries, "answers": said.get("inquiry_id")}


def _newest(entries: list[Document]) -> list[Document]:
    """Returns the newest entries that fit the limits, at least one."""
    room = MOST_CHARACTERS
    first = len(entries) - 1
    while first > max(0, len(entries) - MOST_ENTRIES):
        room -= len(entries[first].get("text", ""))
        if room < len(entries[first - 1].get("text", "")):
            break
        first -= 1
    return entries[first:]


def _with_state(document: Document, event: InquiryStated) -> Document:
    """The whole of what the state topic says, kept beside what the events have said."""
    if not _newer(event.sequence, event.version, document.get("stated")):
        return document
    return document | {"customer_id": event.customer_id, "stated": _dump(event)}


def _with_mail(document: Document, event: NotificationEvent) -> Document:
    if len(document.get("mails", {})) >= MOST_MAILS:
        return document
    sent = isinstance(event, NotificationSent)
    mails = {**document.get("mails", {}), event.notification_id: [event.template, sent]}
    return document | {"mails": mails}


# Contracts

OWN_FIELDS = {
    "desk.contract-states": ("facts", "customer_id", "decisions"),
    "desk.cancellation-states": ("cancellation",),
}
"""Removed when a topic forgets a contract; facts of other topics stay."""


def contract_keys(message: Message) -> Iterable[str]:
    event = message.data
    match event:
        case KeyForgotten():
            return (event.key,)
        case ContractStated() | CancellationStated() | CancellationEvent() | ContractCopyReady():
            return (event.contract_number,)
        case _:
            return ()


def fold_contract(document: Document, message: Message) -> Document:
    """A contract: its facts, its cancellation as it stands, and what was decided about it."""
    event = message.data
    match event:
        case KeyForgotten():
            gone = OWN_FIELDS.get(event.topic, ())
            return {name: value for name, value in document.items() if name not in gone}
        case ContractStated() if _newer(event.sequence, event.version, document.get("facts")):
            return document | {"customer_id": event.customer_id, "facts": _dump(event)}
        case CancellationStated() if _newer(
            event.sequence, event.version, document.get("cancellation")
        ):
            return document | {"cancellation": _dump(event)}
        case CancellationEvent():
            decision = _dump(event) | {"type": event.ce_type, "at": message.time}
            decisions = [
                *(it for it in document.get("decisions", ()) if it["sequence"] != event.sequence),
                decision,
            ]
            decisions.sort(key=_sequence)
            return document | {"decisions": decisions[-MOST_DECISIONS:]}
        case ContractCopyReady():
            made = _dump(event)
            copy = {name: made[name] for name in (*MADE, "customer_id", "inquiry_id")}
            return document | {"copies": [*document.get("copies", ()), copy][-MOST_COPIES:]}
        case _:
            return document


def _sequence(decision: dict[str, Any]) -> int:
    return int(decision["sequence"])


# Customers and policies


def customer_keys(message: Message) -> Iterable[str]:
    event = message.data
    return (event.customer_id,) if isinstance(event, CustomerProfile) else _forgotten(event)


def fold_customer(document: Document, message: Message) -> Document:
    """A customer's whole current profile; once it is forgotten, that alone."""
    event = message.data
    if isinstance(event, KeyForgotten):
        return {FORGOTTEN: True}
    if isinstance(event, CustomerProfile):
        return _dump(event) | {"address": address_key(event.email)}
    return document


def policy_keys(message: Message) -> Iterable[str]:
    event = message.data
    return (event.policy,) if isinstance(event, PolicyInForce) else _forgotten(event)


def fold_policy(document: Document, message: Message) -> Document:
    event = message.data
    if isinstance(event, KeyForgotten):
        return {}
    return _dump(event) if isinstance(event, PolicyInForce) else document


# Attachments


def attachment_keys(message: Message) -> Iterable[str]:
    event = message.data
    return (event.document_id,) if isinstance(event, DocumentEvent) else ()


def fold_attachment(document: Document, message: Message) -> Document:
    """Folds the channel's claim check and the archive's answer; either may be read first."""
    event = message.data
    match event:
        case DocumentReceived() if "file_name" not in document:
            said = _dump(event)
            return document | {name: said[name] for name in SAID}
        case DocumentKept() | DocumentRefused():
            standing = "kept" if isinstance(event, DocumentKept) else "refused"
            return document | {"standing": standing}
        case _:
            return document


def _forgotten(event: object) -> tuple[str, ...]:
    return (event.key,) if isinstance(event, KeyForgotten) else ()


def _newer(sequence: int, version: int, kept: Document | None) -> bool:
    return kept is None or (sequence, version) >= (kept["sequence"], kept["version"])


def _dump(event: object) -> dict[str, Any]:
    assert isinstance(event, Event)
    return event.model_dump(mode="json", exclude_none=True)


PROJECTIONS = (
    Projection(
        INQUIRIES,
        (
            "desk.inquiries",
            "desk.inquiry-states",
            "desk.rejections",
            "desk.notifications",
            "desk.contracts",
        ),
        inquiry_keys,
        fold_inquiry,
        (
            ("customer_id", "kind"),
            ("customer_id", "standing", "listed_at"),
            ("reference",),
        ),
    ),
    Projection(
        CONTRACTS,
        (
            "desk.contract-states",
            "desk.cancellation-states",
            "desk.cancellations",
            "desk.contracts",
        ),
        contract_keys,
        fold_contract,
        (("customer_id",),),
    ),
    Projection(CUSTOMERS, ("desk.customers",), customer_keys, fold_customer, (("address",),)),
    Projection(
        ATTACHMENTS, ("desk.documents",), attachment_keys, fold_attachment, (("customer_id",),)
    ),
    Projection(POLICIES, ("desk.policies",), policy_keys, fold_policy),
)
