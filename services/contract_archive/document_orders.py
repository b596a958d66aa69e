"""Copies (F8) and acceptances (F1): only for the contract's holder with access.

Everyone else gets the same answer after the same time, whether or not the contract exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import NAMESPACE_URL, uuid5

from services.contract_archive.contract_state import (
    BegunDocument,
    ContractState,
    DocumentBegun,
    DocumentKind,
    DocumentOrder,
    DocumentOrderHeld,
    HeldOrder,
    fold,
)
from services.contract_archive.contract_status import status_of
from services.contract_archive.customer import CUSTOMER
from services.contract_archive.rules import Rules
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractCopyDenied,
    ContractCopyReady,
    ContractStatus,
    DenialCause,
)
from shared.events.envelope import Event, Ref
from shared.events.internal import DocumentNotPrintable, DocumentStored
from shared.events.requests import ContractAcceptanceRequested, ContractCopyRequested

MOST_HELD = 100
"""Requests for one contract that wait to be allowed; further ones are denied at once."""
MOST_UNDER_WAY = 1_000
"""Documents of one contract in the making; further requests are denied."""

_OVER = (ContractStatus.ENDED, ContractStatus.CANCELLED, ContractStatus.LAPSED)

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
    )


def order_document(
    rules: Rules, order: DocumentOrder, state: ContractState, replicas: Replicas, as_of: datetime
) -> Sequence[Event]:
    """A request that is not allowed so far waits for the records that would allow it.

    Unless too many wait: what strangers ask for must not make the contract's record grow.
    """
    if _allowed(order, state, replicas):
        if len(state.documents) >= MOST_UNDER_WAY:
            return [_denial(order, state)]
        return [_begin(rules, order, state, replicas, as_of)]
    if len(state.held_orders) >= MOST_HELD:
        return [_denial(order, state)]
    held = HeldOrder(order=order, until=as_of + rules.access_grace)
    return [DocumentOrderHeld(contract_number=state.contract_number, held=held)]


def settle_orders(
    rules: Rules, state: ContractState, replicas: Replicas, as_of: datetime
) -> Sequence[Event]:
    """Begins what is allowed by now; denies what waited long enough, or lost its holder."""
    happened: list[Event] = []
    for held in state.held_orders:
        if _allowed(held.order, state, replicas):
            happened.append(_begin(rules, held.order, fold(state, happened), replicas, as_of))
        elif held.until <= as_of:
            happened.append(_denial(held.order, state))
    lost = [d.order for d in state.documents if not _holds(d.order, state)]
    return [*happened, *(_denial(order, state) for order in lost)]


def finish_document(stored: DocumentStored, state: ContractState) -> Sequence[Event]:
    """The outcome of the work; one that nothing waits for any more changes nothing.

    An acceptance answers every acceptance that its customer has under way.
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
    ]


def refuse_document(unmade: DocumentNotPrintable, state: ContractState) -> Sequence[Event]:
    """The holder hears why: names and titles in a script that the documents cannot show."""
    begun = next((d for d in state.documents if d.document_id == unmade.document_id), None)
    return [] if begun is None else [_denial(begun.order, state, DenialCause.NOT_PRINTABLE)]


def _allowed(order: DocumentOrder, state: ContractState, replicas: Replicas) -> bool:
    """Raises KeyError when the customer was not read with the message: a wiring fault."""
    customer = replicas[Ref(CUSTOMER, order.customer_id)]
    return _holds(order, state) and customer is not None and customer.access


def _holds(order: DocumentOrder, state: ContractState) -> bool:
    return state.facts is not None and state.facts.customer_id == order.customer_id


def _begin(
    rules: Rules, order: DocumentOrder, state: ContractState, replicas: Replicas, as_of: datetime
) -> Event:
    if order.kind is DocumentKind.ACCEPTANCE:
        first = state.accepted
        if first is not None and first.customer_id == order.customer_id:
            return first.model_copy(update={"inquiry_id": order.inquiry_id})
        if not _acceptable(state, as_of):
            return _denial(order, state, DenialCause.NOT_ACCEPTABLE)
        order = _with_signer_compared(order, replicas)
    document = BegunDocument(
        document_id=str(uuid5(NAMESPACE_URL, f"{state.contract_number} {order.inquiry_id}")),
        order=order,
        begun_at=as_of,
        available_until=as_of + rules.copy_available_for,
    )
    return DocumentBegun(contract_number=state.contract_number, document=document)


def _acceptable(state: ContractState, as_of: datetime) -> bool:
    """What has ended, was cancelled or lapsed cannot be accepted any more."""
    assert state.facts is not None
    return status_of(state, state.facts, as_of) not in _OVER


def _with_signer_compared(order: DocumentOrder, replicas: Replicas) -> DocumentOrder:
    """Names are compared without case and repeated blanks."""
    profile = replicas[Ref(CUSTOMER, order.customer_id)].profile
    same = _comparable(order.signed_by or "") == _comparable(profile.name)
    return order.model_copy(update={"signer_is_holder": same})


def _comparable(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _accepted(inquiry_id: str, begun: BegunDocument, stored: DocumentStored) -> ContractAccepted:
    """No acceptance names a text yet, so none is bound to one."""
    return ContractAccepted(
        contract_number=stored.contract_number,
        customer_id=begun.order.customer_id,
        inquiry_id=inquiry_id,
        document_id=stored.document_id,
        sha256=stored.sha256,
        signed_by=begun.order.signed_by,
        signer_is_holder=begun.order.signer_is_holder,
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
    denied = ContractCopyDenied if order.kind is DocumentKind.COPY else ContractAcceptanceDenied
    return denied(
        contract_number=state.contract_number,
        customer_id=order.customer_id,
        inquiry_id=order.inquiry_id,
        cause=cause,
    )
