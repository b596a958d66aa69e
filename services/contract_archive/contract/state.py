"""State of one contract."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.events.contracts import ContractAccepted, ContractRecorded, ContractStatus
from shared.events.newer import Known
from shared.events.states import CurrentText
from shared.events.values import Authentication, Count, Day, Instant, Language, Value

CONTRACT = "contract"


class CancellationStanding(StrEnum):
    """The newest decision on this contract's cancellation."""

    NONE = "none"
    SCHEDULED = "scheduled"
    TOOK_EFFECT = "took_effect"
    LAPSED = "lapsed"


class DocumentKind(StrEnum):
    COPY = "copy"
    ACCEPTANCE = "acceptance"


class DocumentOrder(Value):
    """A customer's request that a document answers; the signature is an acceptance's.

    `signer_is_holder` is known once the document is begun: whether the profile has that name.
    `text_sha256` names the text that an acceptance is bound to, if it is bound to one.
    """

    kind: DocumentKind
    inquiry_id: str
    correlation_id: str | None = None
    customer_id: str
    reference: str
    language: Language
    signed_by: str | None = None
    signed_at: Instant | None = None
    signer_is_holder: bool | None = None
    text_sha256: str | None = None
    authentication: Authentication | None = None


class HeldOrder(Value):
    """Not allowed so far; denied at `until`, unless the missing records arrive first."""

    order: DocumentOrder
    until: Instant


class BegunDocument(Value):
    """Allowed, and in the making; handed out until `available_until`.

    In the histories of earlier releases a certificate has no such instant: it stays with the desk.
    `text` is the one that an acceptance is bound to; it is the contract's current one.
    """

    document_id: str
    order: DocumentOrder
    begun_at: Instant
    available_until: Instant | None = None
    text: CurrentText | None = None


class HeldActivation(Value):
    """An activation of a contract that is not known so far; the code itself is not kept.

    Histories may hold an unkeyed digest under another name; its hash is empty and matches nothing.
    """

    inquiry_id: str
    customer_id: str
    code_hash: str = ""
    until: Instant


class WrongCodes(Value):
    """How many wrong codes one customer gave since the last unlocking."""

    customer_id: str
    count: Count


class WrongCodesOfDay(Value):
    """How many wrong codes all customers together gave on one day (Europe/Madrid)."""

    day: Day
    count: Count


class ContractState(BaseModel):
    """`facts` and `status` are absent until the registry reports the contract.

    `text` is absent until a record of the registry's changes the facts that an earlier release
    stored. `accepted` is the present holder's first acceptance of the newest text that was accepted
    (or of none). `attempts_left` stems from
    histories in which all customers shared one count; only its 0 still means something.
    `wrong_codes_of_day` is of the last day with a wrong code: once a limit is reached nothing is
    counted any more, so a lock outlasts its day.
    """

    model_config = ConfigDict(frozen=True)

    contract_number: str
    facts: ContractRecorded | None = None
    status: Known[ContractStatus] | None = None
    cancellation: CancellationStanding = CancellationStanding.NONE
    cancellation_sequence: int = 0
    cancellation_effective_on: Day | None = None
    cancellation_term_starts_on: Day | None = None
    cancellation_inquiry_id: str | None = None
    terminated_on: Day | None = None
    activated: bool = False
    attempts_left: int | None = None
    activation_code_hash: str | None = None
    wrong_codes: tuple[WrongCodes, ...] = ()
    wrong_codes_of_day: WrongCodesOfDay | None = None
    noted_failure: str | None = None
    text: CurrentText | None = None
    accepted: ContractAccepted | None = None
    held_orders: tuple[HeldOrder, ...] = ()
    held_activations: tuple[HeldActivation, ...] = ()
    documents: tuple[BegunDocument, ...] = ()

    @property
    def held_until(self) -> tuple[datetime, ...]:
        orders = (held.until for held in self.held_orders)
        return (*orders, *(held.until for held in self.held_activations))
