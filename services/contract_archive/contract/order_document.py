"""Copies (F8) and acceptances (F1): only for the contract's holder with access.

Everyone else gets the same answer after the same time, whether or not the contract exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import NAMESPACE_URL, uuid5

from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.private_events import DocumentBegun, DocumentOrderHeld
from services.contract_archive.contract.state import (
    BegunDocument,
    ContractState,
    DocumentKind,
    DocumentOrder,
    HeldOrder,
)
from services.contract_archive.contract.status import OVER, status_of
from services.contract_archive.customer.decide import CUSTOMER
from services.contract_archive.rules import Rules
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractCopyDenied,
    ContractCopyReady,
    DenialCause,
)
from shared.events.envelope import Event, Ref
from shared.events.internal import DocumentNotPrintable, DocumentStored
from shared.events.requests import ContractAcceptanceRequested, ContractCopyRequested
from shared.recorder import Recorder

MOST_HELD = 100
"""Requests for one contract that wait to be allowed; further ones are denied at once."""
MOST_UNDER_WAY = 100
"""Documents of one contract in the making; further requests are denied. Every decision reads them
all, so a thousand made each one thirty times as dear."""

Replicas = Mapping[Ref, Any]


def order_of(
    request: ContractCopyRequested | ContractAcceptanceRequested, correlation_id: str | None
) -> DocumentOrder:
    signed = request if isinstance(request, ContractAcceptanceRequested) else None
    return DocumentOrder(
        kind=DocumentKind.ACCEPTANCE if signed else DocumentKind.COPY,
        inquiry_id=request.inquiry_id,
        correlation_id=correlation_id,
        customer_id=request.customer_id,
        reference=request.reference,
        language=request.language,
        signed_by=signed.signed_by if signed else None,
        signed_at=signed.signed_at if signed else None,
        text_sha256=signed.text_sha256 if signed else None,
        authentication=signed.authentication if signed else None,
    )


def order_document(
    rules: Rules, order: DocumentOrder, state: ContractState, replicas: Replicas, as_of: datetime
) -> Sequence[Event]:
    """A request that is not allowed so far waits for the records that would allow it.

    Unless too many wait: what strangers ask for must not make the contract's record grow.
    """
    allowed = may_see(order.customer_id, state, replicas)
    full = len(state.held_orders) >= MOST_HELD
    if allowed and (full or not _awaits_approval(order, state, as_of)):
        if len(state.documents) >= MOST_UNDER_WAY:
            return [_denial(order, state)]
        return [_begin(rules, order, state, replicas, as_of)]
    if full:
        return [_denial(order, state)]
    held = HeldOrder(order=order, until=as_of + rules.access_grace)
    return [DocumentOrderHeld(contract_number=state.contract_number, held=held)]


def settle_orders(
    rules: Rules, state: ContractState, replicas: Replicas, as_of: datetime
) -> Sequence[Event]:
    """Begins what is allowed by now; denies what waited long enough, or lost holder or text."""
    decision = Recorder(evolve, state)
    for held in state.held_orders:
        order, late = held.order, held.until <= as_of
        allowed = may_see(order.customer_id, state, replicas)
        if allowed and (late or not _awaits_approval(order, state, as_of)):
            decision.record(_begin(rules, order, decision.state, replicas, as_of))
        elif late:
            decision.record(_denial(order, state))
    decision.record_all(_lost(state))
    return decision.events


def _lost(state: ContractState) -> list[Event]:
    """Documents in the making that the contract, as it is now, no longer allows."""
    denied: list[Event] = []
    for document in state.documents:
        if not _holds(document.order.customer_id, state):
            denied.append(_denial(document.order, state))
        elif document.text is not None and not _is_current(document.text.sha256, state):
            denied.append(_denial(document.order, state, DenialCause.TEXT_CHANGED))
    return denied


def finish_document(stored: DocumentStored, state: ContractState) -> Sequence[Event]:
    """The outcome of the work; one that nothing waits for any more changes nothing.

    An acceptance answers every acceptance of the same text that its customer has under way.
    """
    begun = next((d for d in state.documents if d.document_id == stored.document_id), None)
    if begun is None:
        return []
    if begun.order.kind is DocumentKind.COPY:
        return [_copy_ready(begun, stored)]
    return [
        _accepted(document.order.inquiry_id, begun, stored)
        for document in state.documents
        if document.order.kind is DocumentKind.ACCEPTANCE
        and document.order.customer_id == begun.order.customer_id
        and document.text == begun.text
    ]


def refuse_document(unmade: DocumentNotPrintable, state: ContractState) -> Sequence[Event]:
    """The holder hears why: names and titles in a script that the documents cannot show."""
    begun = next((d for d in state.documents if d.document_id == unmade.document_id), None)
    return [] if begun is None else [_denial(begun.order, state, DenialCause.NOT_PRINTABLE)]


def may_see(customer_id: str, state: ContractState, replicas: Replicas) -> bool:
    """Whether it is the contract's holder, with access (F1).

    Raises KeyError when the customer was not read with the message: a wiring fault.
    """
    customer = replicas[Ref(CUSTOMER, customer_id)]
    return _holds(customer_id, state) and customer is not None and customer.access


def _holds(customer_id: str, state: ContractState) -> bool:
    return state.facts is not None and state.facts.customer_id == customer_id


def _is_current(text_sha256: str, state: ContractState) -> bool:
    return state.text is not None and state.text.sha256 == text_sha256


def _awaits_approval(order: DocumentOrder, state: ContractState, as_of: datetime) -> bool:
    """The approval is on another topic, so it may be on its way."""
    return _refusal(order, state, as_of) is DenialCause.TEXT_NOT_APPROVED


def _begin(
    rules: Rules, order: DocumentOrder, state: ContractState, replicas: Replicas, as_of: datetime
) -> Event:
    if order.kind is DocumentKind.COPY:
        return _begun(rules, order, state, as_of)
    first = state.accepted
    if first is not None and _repeats(order, first, state):
        return first.model_copy(update={"inquiry_id": order.inquiry_id})
    cause = _refusal(order, state, as_of)
    if cause is not None:
        return _denial(order, state, cause)
    return _begun(rules, _with_signer_compared(order, replicas), state, as_of)


def _begun(rules: Rules, order: DocumentOrder, state: ContractState, as_of: datetime) -> Event:
    document = BegunDocument(
        document_id=str(uuid5(NAMESPACE_URL, f"{state.contract_number} {order.inquiry_id}")),
        order=order,
        begun_at=as_of,
        available_until=as_of + rules.copy_available_for,
        text=state.text if order.text_sha256 is not None else None,
    )
    return DocumentBegun(contract_number=state.contract_number, document=document)


def _repeats(order: DocumentOrder, first: ContractAccepted, state: ContractState) -> bool:
    """Whether the holder has accepted this before.

    An acceptance that names no text says less than one of the current text, and nothing of another.
    """
    if first.customer_id != order.customer_id:
        return False
    if order.text_sha256 is None:
        return first.text_sha256 is None or _is_current(first.text_sha256, state)
    return order.text_sha256 == first.text_sha256 and _is_current(order.text_sha256, state)


def _refusal(order: DocumentOrder, state: ContractState, as_of: datetime) -> DenialCause | None:
    """Returns why the holder cannot accept. An acceptance that names no text needs no approval."""
    if order.kind is not DocumentKind.ACCEPTANCE:
        return None
    if not _acceptable(state, as_of):
        return DenialCause.NOT_ACCEPTABLE
    if order.text_sha256 is None:
        return None
    if not _is_current(order.text_sha256, state):
        return DenialCause.TEXT_CHANGED
    assert state.text is not None
    return None if state.text.approved else DenialCause.TEXT_NOT_APPROVED


def _acceptable(state: ContractState, as_of: datetime) -> bool:
    """A contract that has ended, was cancelled or lapsed can no longer be accepted."""
    assert state.facts is not None
    return status_of(state, state.facts, as_of) not in OVER


def _with_signer_compared(order: DocumentOrder, replicas: Replicas) -> DocumentOrder:
    """Names are compared without case and repeated blanks."""
    profile = replicas[Ref(CUSTOMER, order.customer_id)].profile
    same = _comparable(order.signed_by or "") == _comparable(profile.name)
    return order.model_copy(update={"signer_is_holder": same})


def _comparable(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _accepted(inquiry_id: str, begun: BegunDocument, stored: DocumentStored) -> ContractAccepted:
    text = begun.text
    return ContractAccepted(
        contract_number=stored.contract_number,
        customer_id=begun.order.customer_id,
        inquiry_id=inquiry_id,
        document_id=stored.document_id,
        sha256=stored.sha256,
        signed_by=begun.order.signed_by,
        signer_is_holder=begun.order.signer_is_holder,
        text_bound=text is not None,
        text_document_id=text.document_id if text else None,
        text_sha256=text.sha256 if text else None,
        authentication=begun.order.authentication,
    )


def _copy_ready(begun: BegunDocument, stored: DocumentStored) -> ContractCopyReady:
    assert begun.available_until is not None
    return ContractCopyReady(
        contract_number=stored.contract_number,
        customer_id=begun.order.customer_id,
        inquiry_id=begun.order.inquiry_id,
        document_id=stored.document_id,
        sha256=stored.sha256,
        available_until=begun.available_until,
    )


def _denial(
    order: DocumentOrder, state: ContractState, cause: DenialCause = DenialCause.NOT_AVAILABLE
) -> Event:
    """Where the text has changed, the current one is offered."""
    said = {
        "contract_number": state.contract_number,
        "customer_id": order.customer_id,
        "inquiry_id": order.inquiry_id,
        "cause": cause,
    }
    if order.kind is DocumentKind.COPY:
        return ContractCopyDenied.model_validate(said)
    if cause is DenialCause.TEXT_CHANGED and state.text is not None:
        said["text_document_id"] = state.text.document_id
        said["text_sha256"] = state.text.sha256
    return ContractAcceptanceDenied.model_validate(said)
