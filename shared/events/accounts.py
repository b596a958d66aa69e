"""Events that billing publishes on `billing.accounts`: every booking on an account (F14, F15).

`billing.invoices` is another topic: its key is the contract, and one invoice of an account may
bill many contracts.
"""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.values import Amount, ContractNumber, Count, CustomerId, Day, Money, Text, Value


class AccountEvent(Given, Event):
    """`sequence` counts 1, 2, 3… per customer, without gaps."""

    customer_id: CustomerId
    sequence: Count
    booked_on: Day


class ServicePeriod(Value):
    """The days, both included, that an invoice bills."""

    starts_on: Day
    ends_on: Day


class AccountLine(Given, Value):
    """One line of an invoice or credit note."""

    line: Count
    description: Text
    contract_number: ContractNumber | None = None
    quantity: Count
    net: Money
    tax_rate: Amount


class TaxOfRate(Value):
    """The tax of all lines of one rate."""

    tax_rate: Amount
    net: Money
    tax: Money


class AccountDocument(Value):
    """The invoice or credit note itself."""

    document_id: Text
    sha256: Text
    media_type: Text
    link: Text


class AccountTotals(AccountEvent):
    """The lines of an invoice or credit note and what they add up to."""

    lines: tuple[AccountLine, ...]
    net: Money
    taxes: tuple[TaxOfRate, ...]
    total: Money
    document: AccountDocument | None = None


class AccountInvoiceIssued(AccountTotals):
    """An invoice, which may bill several contracts."""

    ce_type: ClassVar[str] = "account.invoice_issued.v1"

    invoice_number: Text
    issued_on: Day
    due_on: Day
    period: ServicePeriod | None = None


class AccountCreditNoteIssued(AccountTotals):
    """A credit note; its amounts are positive and lower the balance."""

    ce_type: ClassVar[str] = "account.credit_note_issued.v1"

    credit_note_number: Text
    invoice_number: Text | None = None
    reason: Text | None = None


class Allocation(Value):
    """How much of a payment settles which invoice."""

    invoice_number: Text
    amount: Money


class AccountPaymentReceived(AccountEvent):
    """A payment; what `allocations` leave over stays on the account."""

    ce_type: ClassVar[str] = "account.payment_received.v1"

    payment_id: Text
    received_on: Day
    amount: Money
    allocations: tuple[Allocation, ...]


class AccountPaymentReversed(AccountEvent):
    """A payment that the bank took back; its allocations are void."""

    ce_type: ClassVar[str] = "account.payment_reversed.v1"

    payment_id: Text
    reversed_on: Day | None = None
    reason: Text | None = None


class AccountBalanceStated(AccountEvent):
    """The balance after everything booked up to and on `as_of`; what is owed is positive."""

    ce_type: ClassVar[str] = "account.balance_stated.v1"

    as_of: Day
    balance: Money
