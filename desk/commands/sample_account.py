"""The sample company's account: orders, shipments, bookings, items and inquiries, as others report.

All days are counted from the one on which the sample customer was first registered, so that a desk
that is started again says the same under the same ids, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from desk.commands.event_file import Outgoing
from shared.events import accounts, billing, inventory, orders
from shared.events.agents import ContractApproved, InquiryAnswered
from shared.events.choices import RequestType
from shared.events.envelope import Event, message_uuid
from shared.events.submissions import InquirySubmitted
from shared.events.values import madrid_date

ORDERS, BILLING, INVENTORY = "/orders", "/billing", "/inventory"
WEB, AGENTS, AGENT = "/channels/web", "/agents/sample", "sample-agent"
TAX = Decimal("0.21")
ANSWERED = "sample-question-2"
RENEWAL = "K-2004"
CONTACT = {"name": "Cliente de Prueba", "email": "cliente@example.test"}
"""The sample customer's: the questions may be read before the registration."""


def sample_account(customer: str, contracts: tuple[str, ...], at: str) -> list[Outgoing]:
    """Events of upstream systems and of the customer's browser; `at` is when the account began."""
    today = madrid_date(datetime.fromisoformat(at))
    return [
        *_orders(customer, today),
        *_bookings(customer, contracts, today),
        *_items(customer, contracts, today),
        *_questions(customer, at),
        _renewal(customer, today),
    ]


def sample_answers(contracts: tuple[str, ...]) -> list[Outgoing]:
    """The professionals' actions, once the desk has the contracts and the questions."""
    approvals = [
        _said(
            ContractApproved,
            f"sample-approval-{number}",
            AGENTS,
            contract_number=number,
            document_id=first_text(number),
            agent_id=AGENT,
        )
        for number in contracts
    ]
    answer = _said(
        InquiryAnswered,
        "sample-answer",
        AGENTS,
        inquiry_id=str(message_uuid(WEB, ANSWERED)),
        agent_id=AGENT,
        text="Su factura está en «Mi cuenta», en «Facturas y abonos». ¿Necesita algo más?",
        resolve=True,
    )
    return [*approvals, answer]


def first_text(number: str) -> str:
    """The id of a contract's first text, as the archive gives it."""
    return str(uuid5(NAMESPACE_URL, f"{number} text 1"))


def _said(event: type[Event], ce_id: str, source: str, **data: Any) -> Outgoing:
    return Outgoing(event.ce_type, ce_id, source, data)


def _ago(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()


def _at(today: date, days: int, hour: int = 9) -> str:
    return f"{_ago(today, days)}T{hour:02}:00:00Z"


def _euros(amount: str | Decimal) -> dict[str, str]:
    return {"amount": f"{Decimal(amount):.2f}", "currency": "EUR"}


def _orders(customer: str, today: date) -> Iterator[Outgoing]:
    """One that has arrived, one in two parts, one in preparation, one that was cancelled."""
    goods = (
        ("4101", 60, ("Servidor de bastidor 2U", 2, "7800.00")),
        ("4102", 12, ("Disco de 8 TB", 6, "1740.00"), ("Memoria de 64 GB", 4, "1320.00")),
        ("4103", 2, ("Conmutador de 48 puertos", 1, "2350.00")),
        ("4104", 30, ("Cinta LTO-9", 20, "1900.00")),
    )
    for name, days, *lines in goods:
        yield _said(
            orders.OrderPlaced,
            f"sample-order-{name}",
            ORDERS,
            order_number=f"PED-{name}",
            customer_id=customer,
            placed_on=_ago(today, days),
            customer_reference=f"OC-{name}",
            lines=[
                {
                    "line": number,
                    "product": f"P-{name}-{number}",
                    "description": what,
                    "quantity": quantity,
                    "promised_on": _ago(today, days - 14),
                    "price": _euros(price),
                }
                for number, (what, quantity, price) in enumerate(lines, 1)
            ],
            total=_euros(sum((Decimal(price) for _, _, price in lines), Decimal(0))),
            sequence=1,
        )
    yield _dispatched(customer, today, "4101", "1", 57, [(1, 2)])
    yield _delivered(customer, today, "4101", "1", 55)
    yield _dispatched(customer, today, "4102", "1", 8, [(1, 6)])
    yield _delivered(customer, today, "4102", "1", 6)
    yield _dispatched(customer, today, "4102", "2", 2, [(2, 4)])
    yield _said(
        orders.ShipmentProgressed,
        "sample-progress-4102-2",
        ORDERS,
        order_number="PED-4102",
        customer_id=customer,
        shipment_number="ENV-4102-2",
        status="in_transit",
        at=_at(today, 1, 7),
        note="En el centro de distribución de Madrid",
    )
    yield _said(
        orders.OrderCancelled,
        "sample-order-4104-cancelled",
        ORDERS,
        order_number="PED-4104",
        customer_id=customer,
        sequence=2,
        cancelled_on=_ago(today, 28),
        reason="Anulado a petición del cliente.",
    )


def _dispatched(
    customer: str, today: date, order: str, part: str, days: int, lines: list[tuple[int, int]]
) -> Outgoing:
    return _said(
        orders.ShipmentDispatched,
        f"sample-shipment-{order}-{part}",
        ORDERS,
        order_number=f"PED-{order}",
        customer_id=customer,
        shipment_number=f"ENV-{order}-{part}",
        carrier="Transportes de Ejemplo",
        tracking_number=f"TE{order}{part}ES",
        dispatched_at=_at(today, days),
        expected_on=_ago(today, days - 3),
        lines=[{"line": line, "quantity": quantity} for line, quantity in lines],
    )


def _delivered(customer: str, today: date, order: str, part: str, days: int) -> Outgoing:
    return _said(
        orders.ShipmentDelivered,
        f"sample-delivery-{order}-{part}",
        ORDERS,
        order_number=f"PED-{order}",
        customer_id=customer,
        shipment_number=f"ENV-{order}-{part}",
        delivered_at=_at(today, days, 11),
        received_by="Recepción",
    )


def _bookings(customer: str, contracts: tuple[str, ...], today: date) -> Iterator[Outgoing]:
    """One invoice paid, one paid in part and late, one not due, a credit note, a payment taken
    back; then the balance, as billing states it."""
    nets = (("2026-0101", 130, "800.00"), ("2026-0102", 75, "1200.00"), ("2026-0103", 5, "120.00"))
    owed = Decimal(0)
    for sequence, (number, days, net) in enumerate(nets, 1):
        total = Decimal(net) * (1 + TAX)
        owed += total
        yield _said(
            accounts.AccountInvoiceIssued,
            f"sample-invoice-{number}",
            BILLING,
            **_totals(net, "Mantenimiento y licencias", contracts[sequence - 1]),
            customer_id=customer,
            sequence=sequence,
            booked_on=_ago(today, days),
            invoice_number=f"F-{number}",
            issued_on=_ago(today, days),
            due_on=_ago(today, days - 30),
        )
    yield _said(
        accounts.AccountCreditNoteIssued,
        "sample-credit-note",
        BILLING,
        **_totals("100.00", "Rectificación de la factura F-2026-0102", contracts[1]),
        customer_id=customer,
        sequence=4,
        booked_on=_ago(today, 40),
        credit_note_number="A-2026-0007",
        invoice_number="F-2026-0102",
        reason="Equipo retirado antes de tiempo",
    )
    paid = (("P-501", 105, "968.00", "F-2026-0101"), ("P-502", 35, "500.00", "F-2026-0102"))
    again = ("P-503", 20, "831.00", "F-2026-0102")
    for sequence, (number, days, amount, invoice) in enumerate((*paid, again), 5):
        yield _said(
            accounts.AccountPaymentReceived,
            f"sample-payment-{number}",
            BILLING,
            customer_id=customer,
            sequence=sequence,
            booked_on=_ago(today, days),
            payment_id=number,
            received_on=_ago(today, days),
            amount=_euros(amount),
            allocations=[{"invoice_number": invoice, "amount": _euros(amount)}],
        )
    yield _said(
        accounts.AccountPaymentReversed,
        "sample-reversal",
        BILLING,
        customer_id=customer,
        sequence=8,
        booked_on=_ago(today, 15),
        payment_id="P-503",
        reversed_on=_ago(today, 15),
        reason="Devuelto por el banco",
    )
    credited = Decimal("100.00") * (1 + TAX)
    yield _said(
        accounts.AccountBalanceStated,
        "sample-balance",
        BILLING,
        customer_id=customer,
        sequence=9,
        booked_on=today.isoformat(),
        as_of=today.isoformat(),
        balance=_euros(owed - credited - Decimal("968.00") - Decimal("500.00")),
    )


def _totals(net: str, what: str, contract: str) -> dict[str, Any]:
    tax = Decimal(net) * TAX
    line = {"line": 1, "description": what, "contract_number": contract, "quantity": 1}
    return {
        "lines": [line | {"net": _euros(net), "tax_rate": "21"}],
        "net": _euros(net),
        "taxes": [{"tax_rate": "21", "net": _euros(net), "tax": _euros(tax)}],
        "total": _euros(Decimal(net) + tax),
    }


def _items(customer: str, contracts: tuple[str, ...], today: date) -> Iterator[Outgoing]:
    things = (
        ("IT-301", "Servidor de bastidor 2U", "R2-740", "SN-7F3A01", "Madrid, sala 1", "in_use"),
        ("IT-302", "Servidor de bastidor 2U", "R2-740", "SN-7F3A02", "Madrid, sala 1", "in_use"),
        ("IT-303", "Conmutador de 24 puertos", "C24", "SN-11B9", "Barcelona", "stored"),
        ("IT-304", "Biblioteca de cintas", "LT-8", "SN-0042", "Madrid, sala 2", "retired"),
    )
    for item_id, product, model, serial, site, status in things:
        covered = {"covered_until": _ago(today, -300)} if status != "retired" else {}
        yield _said(
            inventory.InventoryItemRecorded,
            f"sample-item-{item_id}",
            INVENTORY,
            item_id=item_id,
            customer_id=customer,
            contract_number=contracts[1],
            product=product,
            model=model,
            serial_number=serial,
            site=site,
            installed_on=_ago(today, 400),
            status=status,
            version=1,
            **covered,
        )


def _questions(customer: str, at: str) -> Iterator[Outgoing]:
    asked = (
        (
            "sample-question-1",
            RequestType.ORDERS_AND_DELIVERIES,
            "Entrega del pedido PED-4103",
            "¿Pueden entregarlo por la mañana? Por la tarde no hay nadie en recepción.",
        ),
        (
            ANSWERED,
            RequestType.INVOICES_AND_PAYMENTS,
            "Copia de la factura F-2026-0102",
            "No encuentro la factura del mantenimiento. ¿Dónde puedo descargarla?",
        ),
    )
    for ce_id, topic, subject, text in asked:
        yield _said(
            InquirySubmitted,
            ce_id,
            WEB,
            customer_id=customer,
            channel="web",
            received_at=at,
            request_type=topic.value,
            subject=subject,
            text=text,
            contact=CONTACT,
        )


def _renewal(customer: str, today: date) -> Outgoing:
    """Open, so that the contract says when it lapses."""
    return _said(
        billing.InvoiceIssued,
        "sample-renewal",
        BILLING,
        invoice_number="R-2026-0001",
        contract_number=RENEWAL,
        customer_id=customer,
        issued_on=_ago(today, 10),
        renewal=True,
        total=_euros("120.00"),
    )
