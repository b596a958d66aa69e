"""Follows a submission after it was sent: as it stands, and live (F4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import Response

from services.customer_portal.outbox import SOURCE, Sent
from services.customer_portal.pages.attachments import described
from services.customer_portal.pages.common import SENT_BEFORE
from services.customer_portal.portal import Portal
from services.customer_portal.projections import submission_key
from services.customer_portal.words import status_of
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
    confirmed_by_mail: bool
    email: str
    document: Document | None
    """The documents that the archive has made, to be downloaded."""
    decided: bool
    """Whether a decision is to come by itself, within seconds."""
    attachments: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    not_taken: bool = False
    """An attachment was not taken, so nothing was sent."""

    @property
    def all_kept(self) -> bool:
        """Whether the archive keeps everything that was attached."""
        return all(it["kept"] for it in self.attachments.values())

    @property
    def answered(self) -> bool:
        """True when the desk has said all that it says by itself."""
        if self.rejected or self.not_taken:
            return True
        return bool(self.reference) and self.confirmed_by_mail and not self.awaited

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
    return DeskAnswers(
        sending=kept.sending and not found and not kept.refused,
        not_taken=kept.refused is not None,
        attachments=await described(portal, kept.customer_id, _documents(kept)),
        sent_at=kept.at,
        rejected=tuple(found.get("rejected", ())),
        reference=found.get("reference"),
        inquiry_id=key,
        due=found.get("answer_due_at") or found.get("stated", {}).get("answer_due_at"),
        entries=entries,
        awaited=_awaited(kept, found, entries),
        confirmed_by_mail=any(
            sent and template == CONFIRMATION for template, sent in found.get("mails", {}).values()
        ),
        email=masked(_address(kept, found)),
        document=found.get("document"),
        decided=kept.type in DECIDED,
    )


def _documents(kept: Sent) -> list[str]:
    return list(kept.data.get("documents") or ())


def _awaited(kept: Sent, found: Document, entries: tuple[Document, ...]) -> tuple[str, ...]:
    if kept.type not in DECIDED or status_of(found) != "open":
        return ()
    if kept.type in OF_THE_PROFILE:
        return () if entries else ("",)
    asked = kept.data.get("contract_numbers") or [kept.data["contract_number"]]
    told = {it.get("contract_number") for it in entries}
    return tuple(it for it in asked if it not in told and len(asked) != len(entries))


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
