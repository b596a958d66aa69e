"""The archive's private events about a contract: kept in the history, on no topic."""

from __future__ import annotations

from typing import ClassVar

from services.contract_archive.contract.state import (
    BegunDocument,
    CancellationStanding,
    HeldActivation,
    HeldOrder,
)
from shared.events.envelope import Event
from shared.events.values import Day, Instant


class ContractEvent(Event):
    contract_number: str


class DocumentOrderHeld(ContractEvent):
    ce_type: ClassVar[str] = "contract.document_order_held"

    held: HeldOrder


class DocumentBegun(ContractEvent):
    ce_type: ClassVar[str] = "contract.document_begun"

    document: BegunDocument


class ActivationHeld(ContractEvent):
    ce_type: ClassVar[str] = "contract.activation_held"

    held: HeldActivation


class ActivationCodeNoted(ContractEvent):
    """The registry reported a code; the archive keeps its keyed hash."""

    ce_type: ClassVar[str] = "contract.activation_code_noted"

    code_hash: str


class ActivationFailureNoted(ContractEvent):
    """A customer failed to activate on a day (Europe/Madrid); `counted` if the code was wrong.

    Recorded before the public answer. A try while locked is not compared, so it is not counted.
    """

    ce_type: ClassVar[str] = "contract.activation_failure_noted"

    inquiry_id: str
    customer_id: str
    failed_on: Day
    counted: bool


class ActivationAttemptsRestored(ContractEvent):
    """An agent lifted every lock, and took back the wrong codes counted so far (F9)."""

    ce_type: ClassVar[str] = "contract.activation_attempts_restored"


class CancellationNoted(ContractEvent):
    """The cancellation service's decision number `sequence` on this contract.

    `effective_on` is the standing's day, `term_starts_on` the start of the term that it ends,
    `inquiry_id` the inquiry that it was scheduled for.
    """

    ce_type: ClassVar[str] = "contract.cancellation_noted"

    sequence: int
    standing: CancellationStanding
    effective_on: Day | None = None
    term_starts_on: Day | None = None
    inquiry_id: str | None = None


class TerminationNoted(ContractEvent):
    """The registry ended the contract; `terminated_on` is the first day without it."""

    ce_type: ClassVar[str] = "contract.termination_noted"

    terminated_on: Day


class TextApproved(ContractEvent):
    """The vendor, by an agent, approved the contract's current text (F1)."""

    ce_type: ClassVar[str] = "contract.text_approved"

    document_id: str
    agent_id: str


class TextViewed(ContractEvent):
    """The holder viewed a text of the contract, at `viewed_at` by the channel's clock (F1)."""

    ce_type: ClassVar[str] = "contract.text_viewed"

    customer_id: str
    document_id: str
    viewed_at: Instant


PRIVATE_EVENTS = (
    DocumentOrderHeld,
    DocumentBegun,
    ActivationHeld,
    ActivationCodeNoted,
    ActivationFailureNoted,
    ActivationAttemptsRestored,
    CancellationNoted,
    TerminationNoted,
    TextApproved,
    TextViewed,
)
