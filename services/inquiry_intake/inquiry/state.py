"""The record of one submission: an inquiry, a follow-up, a view or a rejection; state and id."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.inquiries import ClosedBy, InquiryKind
from shared.events.newer import Known
from shared.events.reference import parse_reference
from shared.events.text import trimmed
from shared.events.values import Instant, Language, Value

INQUIRY = "inquiry"
REGISTRATION = "registration"
ASKED_OF_A_PROFILE = {
    InquiryKind.REGISTRATION: REGISTRATION,
    InquiryKind.PROFILE_UPDATE: "profile_update",
    InquiryKind.CONSENT_WITHDRAWAL: "consent_withdrawal",
}
"""The subject of an inquiry about a profile, in the place of a contract number."""
INVENTORY_ITEM = "inventory_item"
"""The subject of an inquiry that corrects the inventory."""
NO_CONTRACT = frozenset({*ASKED_OF_A_PROFILE.values(), INVENTORY_ITEM})


class InquiryStanding(StrEnum):
    """Where an inquiry stands. The last three are submissions that opened no inquiry."""

    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    FOLLOW_UP = "follow_up"
    VIEW = "view"


class AnswerStatus(StrEnum):
    """How far the desk is with one contract of an inquiry."""

    PENDING = "pending"
    EVIDENCE_AWAITED = "evidence_awaited"
    REFERRED = "referred"
    SCHEDULED = "scheduled"
    NOT_REQUIRED = "not_required"
    EXPIRED = "expired"
    REFUSED = "refused"
    ALREADY_SCHEDULED = "already_scheduled"
    WITHDRAWN = "withdrawn"
    TOOK_EFFECT = "took_effect"
    ANSWERED = "answered"
    """The request is answered: evidence, a withdrawal, a copy, a registration…"""


UNANSWERED = frozenset({AnswerStatus.PENDING, AnswerStatus.EVIDENCE_AWAITED, AnswerStatus.REFERRED})
UNSETTLED = UNANSWERED | {AnswerStatus.SCHEDULED}
OF_THE_DESK = UNANSWERED - {AnswerStatus.EVIDENCE_AWAITED}
"""Where the desk is to act next, not the customer."""


class ContractProgress(Value):
    """One contract of an inquiry; `sequence` is that of the last cancellation event applied."""

    contract_number: str
    status: AnswerStatus = AnswerStatus.PENDING
    sequence: int = 0


class Inquiry(BaseModel):
    """The state of one submission's record.

    `contracts` names what the inquiry asks for, in the submission's order; a plain question asks
    for none, one about a profile or the inventory for its name in `NO_CONTRACT`. A list, because a
    contract number may hold dots, which field names in MongoDB had better not.
    `question_open`: the customer wrote after opening, and no agent has settled it yet; until then
    the desk does not close the inquiry by itself. `unreachable`: the last mail failed.
    `follows` and `closes` are a follow-up's: the inquiry that it continues, whether it ends it.
    `target_settled`: nobody need be reminded of `answer_due_at`, for it was met or the queue was
    reminded; a reopened inquiry has a new target.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    inquiry_id: str
    status: InquiryStanding
    customer_id: str
    kind: Known[InquiryKind] | None = None
    reference: str | None = None
    language: Language = Language.ES
    queue: str | None = None
    contracts: tuple[ContractProgress, ...] = ()
    opened_at: Instant | None = None
    answer_due_at: Instant | None = None
    closed_by: Known[ClosedBy] | None = None
    question_open: bool = False
    unreachable: bool = False
    follows: str | None = None
    closes: bool = False
    target_settled: bool = False

    @property
    def opened(self) -> bool:
        """Whether the submission opened an inquiry that people can follow."""
        return self.status in (
            InquiryStanding.OPEN,
            InquiryStanding.RESOLVED,
            InquiryStanding.CLOSED,
        )

    @property
    def asked_of_profile(self) -> str | None:
        """The subject of an inquiry about a profile; None for any other inquiry."""
        return ASKED_OF_A_PROFILE.get(self.kind) if self.kind else None

    @property
    def answered(self) -> bool:
        """Whether no contract waits for its first answer, for evidence or for a professional."""
        return all(each.status not in UNANSWERED for each in self.contracts)

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to any of the contracts."""
        return all(each.status not in UNSETTLED for each in self.contracts)

    @property
    def waiting(self) -> tuple[ContractProgress, ...]:
        """The parts of the inquiry that the desk has not decided yet."""
        return tuple(each for each in self.contracts if each.status in OF_THE_DESK)

    def contract(self, number: str) -> ContractProgress | None:
        return next((each for each in self.contracts if each.contract_number == number), None)


def canonical_id(text: object) -> str | None:
    """An inquiry's id as intake writes it, or None when `text` cannot be one."""
    if not isinstance(text, str):
        return None
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None


def named_inquiry(text: object) -> str | None:
    """The id or the reference by which `text` names an inquiry, or None when it can be neither."""
    if not isinstance(text, str):
        return None
    return canonical_id(trimmed(text)) or parse_reference(trimmed(text))


def inquiry_among(read: Iterable[Any], named: str | None) -> Inquiry | None:
    """The record among those read that has the id or the reference `named`."""
    inquiries = (state for state in read if isinstance(state, Inquiry))
    return next((it for it in inquiries if named in (it.inquiry_id, it.reference)), None)
