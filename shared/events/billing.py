"""What billing publishes on `billing.invoices`."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from shared.events.envelope import Event
from shared.events.values import ContractNumber, CustomerId, Money, ShortText


class InvoiceIssued(Event):
    """An invoice; `renewal` marks the one of an automatic renewal (F10)."""

    ce_type: ClassVar[str] = "billing.invoice_issued.v1"

    invoice_number: ShortText
    contract_number: ContractNumber
    customer_id: CustomerId
    issued_on: date
    renewal: bool
    total: Money | None = None


class InvoicePaid(Event):
    ce_type: ClassVar[str] = "billing.invoice_paid.v1"

    invoice_number: ShortText
    contract_number: ContractNumber
    paid_on: date
