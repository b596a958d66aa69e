"""Events that billing publishes on `billing.invoices`."""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.values import ContractNumber, CustomerId, Day, Flag, Money, Text


class InvoiceIssued(Given, Event):
    """An invoice; `renewal` marks the one of an automatic renewal (F10)."""

    ce_type: ClassVar[str] = "billing.invoice_issued.v1"

    invoice_number: Text
    contract_number: ContractNumber
    customer_id: CustomerId
    issued_on: Day
    renewal: Flag
    total: Money | None = None


class InvoicePaid(Given, Event):
    """A payment: of the part `amount`, or in full where no amount is given."""

    ce_type: ClassVar[str] = "billing.invoice_paid.v1"

    invoice_number: Text
    contract_number: ContractNumber
    paid_on: Day
    amount: Money | None = None


class InvoiceVoided(Given, Event):
    """The invoice counts no longer; `replaced_by` is an invoice of its own, with its own date."""

    ce_type: ClassVar[str] = "billing.invoice_voided.v1"

    invoice_number: Text
    contract_number: ContractNumber
    voided_on: Day
    replaced_by: Text | None = None


class PaymentReversed(Given, Event):
    """Money that was paid went back: the part `amount`, or all of it where none is given."""

    ce_type: ClassVar[str] = "billing.payment_reversed.v1"

    invoice_number: Text
    contract_number: ContractNumber
    reversed_on: Day
    amount: Money | None = None
