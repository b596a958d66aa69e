"""Events that desk agents' tools publish on `desk.agent-actions`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.submitted import Line, Words
from shared.events.text import is_absent
from shared.events.values import (
    UNKNOWN,
    ContractNumber,
    CustomerId,
    Day,
    FieldError,
    Flag,
)


class AgentAction(Given, Event):
    agent_id: Line


class AccessAuthorised(AgentAction):
    """The second of the two steps to access (F1)."""

    ce_type: ClassVar[str] = "agent.access_authorised.v1"

    customer_id: CustomerId


class ReferralDecided(AgentAction):
    """A professional decides the oldest open referral, or the one of `inquiry_id` (F6).

    `customer_id` is needed only for a request of somebody who does not hold the contract, once more
    of these wait than the file keeps; `invoice_number` names a renewal.
    """

    ce_type: ClassVar[str] = "agent.referral_decided.v1"

    contract_number: ContractNumber
    approved: Flag
    effective_on: Day | None = None
    reason: Words | None = None
    inquiry_id: Line | None = None
    customer_id: CustomerId | None = None
    invoice_number: Line | None = None


class InquiryAnswered(AgentAction):
    """An agent's answer, in the customer's language; `resolve` says that it answers everything.

    `inquiry_id` may be the id or the reference, here and where the inquiry is routed.
    """

    ce_type: ClassVar[str] = "agent.inquiry_answered.v1"

    inquiry_id: Line
    text: Words
    resolve: Flag = False


class InquiryRouted(AgentAction):
    """An agent hands the inquiry to where it belongs (F6)."""

    ce_type: ClassVar[str] = "agent.inquiry_routed.v1"

    inquiry_id: Line
    queue: Line
    reason: Words | None = None


class ActivationUnlocked(AgentAction):
    """An agent lifts the lock of five wrong codes (F9)."""

    ce_type: ClassVar[str] = "agent.activation_unlocked.v1"

    contract_number: ContractNumber


class ContractApproved(AgentAction):
    """The vendor approves a contract's text; only the current one can be approved (F1)."""

    ce_type: ClassVar[str] = "agent.contract_approved.v1"

    contract_number: ContractNumber
    document_id: Line


def _named(agent_id: object) -> object:
    return UNKNOWN if is_absent(agent_id) else agent_id


class AgentActionRefused(Event):
    """A faulty act, with every fault at once. Nothing of it was done.

    `action_id` is the act's `ce_id`; `agent_id` is "unknown" where the act's is invisible.
    """

    ce_type: ClassVar[str] = "agent.action_refused.v1"

    action_id: str
    agent_id: Annotated[str, BeforeValidator(_named)]
    errors: tuple[FieldError, ...] = Field(min_length=1)
    contract_number: str | None = None
