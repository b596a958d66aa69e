"""State events: the whole public state of one record after a change, on a compacted topic.

A reader that starts late, rebuilds or has lost its place reads these instead of the history.
"""

from __future__ import annotations

from typing import ClassVar

from shared.events.cancellations import ReferralCause
from shared.events.choices import Word
from shared.events.contracts import ContractStatus
from shared.events.envelope import Event
from shared.events.inquiries import ClosedBy, InquiryKind
from shared.events.values import Count, Day, Evidence, Flag, Instant, Language, Money, Period, Value


class StateEvent(Event):
    """The fields of every state: its position in the record's history.

    `version` counts the record's writes. `sequence` is the number of the last public event where
    those are numbered, else the version. Of two states the one with the higher `sequence` counts;
    of two with the same, the one with the higher `version`.
    """

    sequence: Count
    version: Count


class CurrentText(Value):
    """A contract's text as it can be accepted now, and whether the vendor has approved it (F1)."""

    document_id: str
    version: Count
    sha256: str
    approved: Flag = False


class AcceptedText(Value):
    """The acceptance of a contract: the document that certifies it, and its SHA-256 in hex.

    `text_sha256` is the text that it is bound to; absent where it is bound to none.
    """

    inquiry_id: str
    document_id: str
    sha256: str
    text_sha256: str | None = None


class ContractStated(StateEvent):
    """A contract as the desk knows it: the registry's facts and what has become of it."""

    ce_type: ClassVar[str] = "contract.state.v1"

    contract_number: str
    customer_id: str
    type: str
    title: str
    starts_on: Day
    ends_on: Day | None = None
    auto_renewal: Flag
    price: Money | None = None
    period: Period | None = None
    status: ContractStatus
    activated: Flag = False
    text: CurrentText | None = None
    accepted: AcceptedText | None = None


class InquiryStatus(Word):
    """Where an inquiry stands."""

    OPEN = "open", "Something waits for an answer."
    RESOLVED = "resolved", "Everything that was asked is answered."
    CLOSED = "closed", "Nothing more happens unless the customer follows up."


class ContractOfInquiry(Value):
    """How far the desk is with one contract of an inquiry."""

    contract_number: str
    status: str


class InquiryStated(StateEvent):
    """An inquiry as it stands: whose, in which queue, and how far with each of its contracts.

    What the customer wrote is not repeated here: a state is kept until it is forgotten.
    """

    ce_type: ClassVar[str] = "inquiry.state.v1"

    inquiry_id: str
    reference: str
    customer_id: str
    kind: InquiryKind
    status: InquiryStatus
    closed_by: ClosedBy | None = None
    language: Language
    queue: str
    opened_at: Instant
    answer_due_at: Instant
    contracts: tuple[ContractOfInquiry, ...] = ()


class CancellationStatus(Word):
    """The state of a contract's cancellation."""

    NONE = "none", "Nothing: charging continues."
    SCHEDULED = "scheduled", "A cancellation is scheduled."
    SUSPENDED = "suspended", "A cancellation waits for a professional: charging continues."
    TOOK_EFFECT = "took_effect", "The contract is cancelled."
    LAPSED = "lapsed", "The renewal has lapsed (F10)."


class StandingCancellation(Value):
    """The one cancellation that is scheduled on a contract, suspended, or took effect."""

    inquiry_id: str
    customer_id: str
    policy: str
    policy_version: str
    effective_on: Day
    last_billable_on: Day


class WatchedRenewal(Value):
    """The invoice of an automatic renewal: unpaid on `lapses_on`, the renewal lapses (F10).

    `referred`: a professional decides about it, for this cause; absent where none has to.
    """

    invoice_number: str
    issued_on: Day
    lapses_on: Day
    lapsed: Flag
    referred: ReferralCause | None = None


class OpenRequest(Value):
    """A cancellation request that waits for evidence, for a professional or for the registry."""

    inquiry_id: str
    customer_id: str
    status: str
    missing: tuple[Evidence, ...] = ()
    due_on: Day | None = None


class CancellationStated(StateEvent):
    """A contract's cancellation file as it stands: what billing must know, whenever it starts.

    `customer_id` is the holder, absent until the registry has reported the contract. `requests`
    are the holder's open ones. `last_billable_on` is absent as long as charging continues.
    """

    ce_type: ClassVar[str] = "cancellation.state.v1"

    contract_number: str
    customer_id: str | None = None
    status: CancellationStatus
    last_billable_on: Day | None = None
    cancellation: StandingCancellation | None = None
    renewals: tuple[WatchedRenewal, ...] = ()
    requests: tuple[OpenRequest, ...] = ()
