"""Messages to the cancellation service, and its files in a world without broker and database."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.cancellation.file.decide import CancellationFile, Rules, due_at
from services.cancellation.service import FILE, NAME, file_decider, route
from shared.events.agents import ReferralDecided
from shared.events.billing import InvoiceIssued, InvoicePaid, InvoiceVoided, PaymentReversed
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import ContractRecorded, ContractType
from shared.events.envelope import Event, Message, Ref
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    CancellationWithdrawalRequested,
)
from shared.events.values import Channel, Contact, Money, Signature, SignatureKind
from shared.runtime.decider import Service
from tests.fakes.memory_stage import MemoryStage

NUMBER = "LIC-2027/0001"
HOLDER = "C-0001"
STRANGER = "C-0002"
COMPLETE = Contact(name="Cliente de Prueba", email="cliente@example.org")
NAME_ONLY = Contact(name="Cliente de Prueba")
MEANS_ONLY = Contact(phone="900 000 000")
MADRID = ZoneInfo("Europe/Madrid")
MONTHLY = ContractType.MONTHLY_LICENCE
MAINTENANCE = ContractType.HARDWARE_MAINTENANCE
PASSPORT = ContractType.PASSPORT_ADVANTAGE


def day(text: str) -> date:
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    """`2027-03-01` or `2027-03-01 23:30` on the clocks of Madrid; or an ISO instant with offset."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=MADRID)


def signature(kind: SignatureKind | str = SignatureKind.ELECTRONIC) -> Signature:
    return Signature(
        kind=SignatureKind(kind),
        reference="sig-0001",
        signed_by="Cliente de Prueba",
        signed_on=date(2027, 1, 1),
    )


def contract(kind: str = MONTHLY, **facts: Any) -> ContractRecorded:
    given: dict[str, Any] = {
        "contract_number": NUMBER,
        "customer_id": HOLDER,
        "type": kind,
        "title": "Contrato de Prueba",
        "starts_on": date(2026, 1, 1),
        "auto_renewal": kind == PASSPORT,
    }
    return ContractRecorded(**{**given, **facts})


def requested(received: str, inquiry_id: str = "first", **facts: Any) -> CancellationRequested:
    """The holder's request through the web, with a contact and nothing else."""
    return CancellationRequested(**_submitted(received, inquiry_id, {"contact": COMPLETE, **facts}))


def confirmed(received: str, inquiry_id: str = "first", **facts: Any) -> CancellationRequested:
    """A request that confirms that all copies were destroyed, and is signed: complete."""
    complete = {"destruction_confirmed": True, "signature": signature()}
    return requested(received, inquiry_id, **{**complete, **facts})


def evidence(
    received: str, inquiry_id: str = "evidence", **facts: Any
) -> CancellationEvidenceGiven:
    return CancellationEvidenceGiven(**_submitted(received, inquiry_id, facts))


def destroyed(
    received: str, inquiry_id: str = "evidence", **facts: Any
) -> CancellationEvidenceGiven:
    return evidence(received, inquiry_id, **{"destruction_confirmed": True, **facts})


def withdrawal(
    received: str, inquiry_id: str = "withdrawal", **facts: Any
) -> CancellationWithdrawalRequested:
    return CancellationWithdrawalRequested(**_submitted(received, inquiry_id, facts))


def _submitted(received: str, inquiry_id: str, facts: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "inquiry_id": inquiry_id,
        "customer_id": HOLDER,
        "channel": Channel.WEB,
        "received_at": instant(received),
        "contract_number": NUMBER,
    }
    return {**given, **facts}


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def invoiced(
    issued_on: str,
    number: str = "F-0001",
    *,
    renewal: bool = True,
    total: str | None = None,
    customer_id: str = HOLDER,
) -> InvoiceIssued:
    return InvoiceIssued(
        invoice_number=number,
        contract_number=NUMBER,
        customer_id=customer_id,
        issued_on=day(issued_on),
        renewal=renewal,
        total=euros(total) if total else None,
    )


def paid(paid_on: str, number: str = "F-0001", amount: str | None = None) -> InvoicePaid:
    return InvoicePaid(
        invoice_number=number,
        contract_number=NUMBER,
        paid_on=day(paid_on),
        amount=euros(amount) if amount else None,
    )


def voided(voided_on: str, number: str = "F-0001") -> InvoiceVoided:
    return InvoiceVoided(invoice_number=number, contract_number=NUMBER, voided_on=day(voided_on))


def reversed_payment(
    reversed_on: str, number: str = "F-0001", amount: str | None = None
) -> PaymentReversed:
    return PaymentReversed(
        invoice_number=number,
        contract_number=NUMBER,
        reversed_on=day(reversed_on),
        amount=euros(amount) if amount else None,
    )


def approved(**facts: Any) -> ReferralDecided:
    return ReferralDecided(contract_number=NUMBER, agent_id="agent-1", approved=True, **facts)


def refused(**facts: Any) -> ReferralDecided:
    return ReferralDecided(contract_number=NUMBER, agent_id="agent-1", approved=False, **facts)


class Desk:
    """The cancellation service, told what happens; it answers with the public events alone."""

    def __init__(self, now: str, *received: Event, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        service = Service(NAME, (file_decider(self.rules),), route)
        self.history = MemoryStage(service, instant(now))
        self._messages = 0
        for event in received:
            self.hears(event)

    def hears(self, data: Event, message_id: str | None = None) -> list[CancellationEvent]:
        """The new answers to a message; one without an id is a message of its own."""
        self._messages += 1
        message = Message("/test", message_id or f"message-{self._messages}", data)
        return public(self.history.receive(message))

    def until(self, then: str | datetime) -> list[CancellationEvent]:
        """Time passes until `then`; timers come in the order of their due time."""
        end = instant(then) if isinstance(then, str) else then
        answers: list[CancellationEvent] = []
        while (due := self.due_at) is not None and due <= end:
            self.history.now = max(self.history.now, due)
            before = self.file
            answers += self.woken(due)
            assert self.file != before, "a timer that brings nothing would be sent for ever"
        self.history.now = max(self.history.now, end)
        return answers

    def woken(self, due: datetime) -> list[CancellationEvent]:
        """The timer of `due`; the record's version in its identity tells it from any other."""
        self._messages += 1
        timer = self.history.timer(Ref(FILE, NUMBER), due, f"message-{self._messages}")
        return public(self.history.receive(timer))

    @property
    def file(self) -> CancellationFile | None:
        state = self.history.state(Ref(FILE, NUMBER))
        assert state is None or isinstance(state, CancellationFile)
        return state

    @property
    def due_at(self) -> datetime | None:
        return due_at(self.file) if self.file else None

    @property
    def all_events(self) -> list[Event]:
        return self.history.happened.get(Ref(FILE, NUMBER), [])

    @property
    def public_events(self) -> list[CancellationEvent]:
        return public(self.all_events)


def public(events: list[Event]) -> list[CancellationEvent]:
    return [event for event in events if isinstance(event, CancellationEvent)]


def told(events: list[CancellationEvent], *names: str) -> list[tuple[Any, ...]]:
    """Of each event its type (without `cancellation.` and version) and the named fields."""
    return [(short(event), *(getattr(event, name, None) for name in names)) for event in events]


def short(event: CancellationEvent) -> str:
    return event.ce_type.removeprefix("cancellation.").removesuffix(".v1")
