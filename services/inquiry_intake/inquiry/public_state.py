"""The public state of an inquiry: `inquiry.state.v1`."""

from __future__ import annotations

from services.inquiry_intake.inquiry.state import NO_CONTRACT, Inquiry
from shared.events.states import ContractOfInquiry, InquiryStated, InquiryStatus


def public_state(inquiry: Inquiry, version: int) -> InquiryStated | None:
    """The inquiry as it stands; None for a rejected submission's record and a follow-up's own."""
    if inquiry.reference is None:
        return None
    assert inquiry.kind is not None
    assert inquiry.queue is not None
    assert inquiry.opened_at is not None
    assert inquiry.answer_due_at is not None
    return InquiryStated(
        inquiry_id=inquiry.inquiry_id,
        reference=inquiry.reference,
        customer_id=inquiry.customer_id,
        kind=inquiry.kind,
        status=InquiryStatus(inquiry.status.value),
        closed_by=inquiry.closed_by,
        language=inquiry.language,
        queue=inquiry.queue,
        opened_at=inquiry.opened_at,
        answer_due_at=inquiry.answer_due_at,
        contracts=tuple(
            ContractOfInquiry(contract_number=it.contract_number, status=it.status.value)
            for it in inquiry.contracts
            if it.contract_number not in NO_CONTRACT
        ),
        sequence=version,
        version=version,
    )
