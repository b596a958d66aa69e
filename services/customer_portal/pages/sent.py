"""Follows a submission after it was sent: as it stands, and live (F4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import Response

from services.customer_portal.documents import made
from services.customer_portal.outbox import SOURCE, Sent
from services.customer_portal.pages.attachments import described
from services.customer_portal.pages.common import SENT_BEFORE
from services.customer_portal.portal import Portal
from services.customer_portal.projections import FORGOTTEN, submission_key
from shared.events.inquiries import InquiryResolved
from shared.events.submissions import (
    CancellationEvidenceSubmitted,
    CancellationSubmitted,
    CancellationWithdrawalSubmitted,
    ConsentWithdrawalSubmitted,
    ContractAcceptanceSubmitted,
    ContractCopySubmitted,
    ProfileUpdateSubmitted,
    RegistrationSubmitted,
    ServicepacActivationSubmitted,
)
from shared.mongo.client import Document
from shared.web.live import Part, live
from shared.web.pages import Visit

CONFIRMATION = "inquiry_opened"
"""The template of the mail that confirms what was sent (F4)."""
SHOWN = (
    "subject",
    "text",
    "contract_number",
    "contract_numbers",
    "requested_end_on",
    "comment",
)
OF_THE_PROFILE = frozenset(
    {
        RegistrationSubmitted.ce_type,
        ProfileUpdateSubmitted.ce_type,
        ConsentWithdrawalSubmitted.ce_type,
    }
)
DECIDED = OF_THE_PROFILE | {
    CancellationSubmitted.ce_type,
    CancellationEvidenceSubmitted.ce_type,
    CancellationWithdrawalSubmitted.ce_type,
    ContractCopySubmitted.ce_type,
    ContractAcceptanceSubmitted.ce_type,
    ServicepacActivationSubmitted.ce_type,
}
"""Submissions that a decision answers, not a person."""
WITH_DOCUMENT = frozenset({"copy_ready", "accepted"})
"""Progress of an inquiry that comes with a document of the archive's, on another topic."""


@dataclass(frozen=True, slots=True)
class DeskAnswers:
    """The desk's answers to a submission so far."""

    sending: bool
    sent_at: datetime
    rejected: tuple[Document, ...]
    reference: str | None
    inquiry_id: str
    due: str | None
    entries: tuple[Document, ...]
    awaited: tuple[str, ...]
    """Contracts on which no decision has come; one without a name for the profile."""
    confirmed_by_mail: bool | None
    """None as long as the mail that confirms it is neither sent nor given up."""
    email: str
    document: Document | None
    """The document that the archive has made, and whether it can still be downloaded."""
    awaits_document: bool
    """It is made, says the inquiry; which one it is has not been read yet."""
    decided: bool
    """Whether a decision is to come by itself, within seconds."""
    attachments: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    erased: bool = False
    """Whether the desk has forgotten whose it was, and with that all that it said."""
    not_taken: bool = False
    """An attachment was not taken, so nothing was sent."""

    @property
    def all_kept(self) -> bool:
        """Whether the archive keeps everything that was attached."""
        return all(it["kept"] for it in self.attachments.values())

    @property
    def answered(self) -> bool:
        """True when the desk has said all that it says by itself."""
        if self.rejected or self.not_taken or self.erased:
            return True
        is_confirmed = bool(self.reference) and self.confirmed_by_mail is not None
        return is_confirmed and not self.awaited and not self.awaits_document

    @property
    def final(self) -> bool:
        """True when nothing on the page changes soon: all is answered, each attachment settled."""
        return self.answered and all(it["settled"] for it in self.attachments.values())


async def sent(portal: Portal, visit: Visit) -> Response:
    kept = await _kept(portal, visit)
    return visit.show(
        "sent.html",
        sent=kept,
        answer=await _answer(portal, kept),
        said=_said(kept),
        sent_before=bool(visit.asked(SENT_BEFORE)),
    )


async def sent_live(portal: Portal, visit: Visit) -> Response:
    kept = await _kept(portal, visit)

    async def part() -> Part:
        now = await _answer(portal, await _kept(portal, visit))
        return Part(visit.html("parts/answer.html", answer=now, sent=kept), now.final)

    ids = (submission_key(SOURCE, kept.id), *_documents(kept))
    return live(portal.changes, ids, part, visit.viewer, visit.site.streams, visit.site.stopping)


async def _kept(portal: Portal, visit: Visit) -> Sent:
    return await portal.outbox.read(
        visit.parameter("id"), visit.session.visitor, visit.session.holder
    )


async def _answer(portal: Portal, kept: Sent) -> DeskAnswers:
    key = submission_key(SOURCE, kept.id)
    found = await portal.queries.answer(key)
    entries = tuple(it for it in found.get("entries", ()) if it.get("note"))
    unsent = _documents(kept) if kept.refused is not None else []
    return DeskAnswers(
        sending=kept.sending and not found and not kept.refused,
        erased=FORGOTTEN in found,
        not_taken=kept.refused is not None,
        attachments=await described(portal, kept.customer_id, _documents(kept), unsent),
        sent_at=kept.at,
        rejected=tuple(found.get("rejected", ())),
        reference=found.get("reference"),
        inquiry_id=key,
        due=found.get("answer_due_at") or found.get("stated", {}).get("answer_due_at"),
        entries=entries,
        awaited=_awaited(kept, found),
        confirmed_by_mail=_confirmed_by_mail(found),
        email=masked(_address(kept, found)),
        document=made(found, portal.now()),
        awaits_document="document" not in found
        and any(it.get("status") in WITH_DOCUMENT for it in entries),
        decided=kept.type in DECIDED,
    )


def _documents(kept: Sent) -> list[str]:
    return list(kept.data.get("documents") or ())


def _confirmed_by_mail(found: Document) -> bool | None:
    outcomes = [it for template, it in found.get("mails", {}).values() if template == CONFIRMATION]
    return any(outcomes) if outcomes else None


def _awaited(kept: Sent, found: Document) -> tuple[str, ...]:
    """Judges by the decisions themselves: the inquiry's state may be read before them."""
    is_over = found.get("opened") and found["status"] != "open"
    if kept.type not in DECIDED or is_over:
        return ()
    entries = found.get("entries", ())
    if kept.type in OF_THE_PROFILE:
        return () if any(it.get("type") == InquiryResolved.ce_type for it in entries) else ("",)
    asked = kept.data.get("contract_numbers") or [kept.data["contract_number"]]
    told = {it.get("contract_number") for it in entries}
    return tuple(it for it in asked if it not in told)


def _address(kept: Sent, found: Document) -> str:
    """Where answers go: as the desk completed it, else as the form said."""
    contact = found.get("contact") or kept.data.get("contact") or kept.data
    return str(contact.get("email") or "")


def masked(address: str) -> str:
    """Enough to know one's own address by."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}" if at else ""


def _said(kept: Sent) -> dict[str, Any]:
    """The submission's fields, without those that its sender knows by heart."""
    return {name: kept.data[name] for name in SHOWN if kept.data.get(name)}
