"""What billing publishes on `billing.invoices`."""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event
from shared.events.values import ContractNumber, CustomerId, Day, Flag, Money, Text


class InvoiceIssued(Event):
    """An invoice; `renewal` marks the one of an automatic renewal (F10)."""

    ce_type: ClassVar[str] = "billing.invoice_issued.v1"

    invoice_number: Text
    contract_number: ContractNumber
    customer_id: CustomerId
    issued_on: Day
    renewal: Flag
    total: Money | None = None


class InvoicePaid(Event):
    ce_type: ClassVar[str] = "billing.invoice_paid.v1"

    invoice_number: Text
    contract_number: ContractNumber
    paid_on: Day
