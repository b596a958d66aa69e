"""Events that the order system publishes on `orders.orders` (F13)."""

from __future__ import annotations

from typing import ClassVar

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.values import ContractNumber, Count, CustomerId, Day, Instant, Money, Text, Value


class OrderLine(Given, Value):
    """One line of an order."""

    line: Count
    product: Text
    description: Text
    quantity: Count
    promised_on: Day | None = None
    price: Money | None = None


class OrderEvent(Given, Event):
    order_number: Text
    customer_id: CustomerId


class Order(OrderEvent):
    """The whole order."""

    placed_on: Day
    customer_reference: Text | None = None
    contract_number: ContractNumber | None = None
    lines: tuple[OrderLine, ...]
    total: Money | None = None
    sequence: Count


class OrderPlaced(Order):
    """A new order."""

    ce_type: ClassVar[str] = "order.placed.v1"


class OrderChanged(Order):
    """An order as it is after a change, whole."""

    ce_type: ClassVar[str] = "order.changed.v1"


class OrderCancelled(OrderEvent):
    """Nothing more of this order will be delivered."""

    ce_type: ClassVar[str] = "order.cancelled.v1"

    sequence: Count
    cancelled_on: Day | None = None
    reason: Text | None = None


class ShipmentLine(Value):
    """How much of an order's line a shipment holds."""

    line: Count
    quantity: Count


class ShipmentEvent(OrderEvent):
    shipment_number: Text


class ShipmentDispatched(ShipmentEvent):
    """A part of an order, or all of it, has left."""

    ce_type: ClassVar[str] = "shipment.dispatched.v1"

    carrier: Text
    tracking_number: Text | None = None
    tracking_url: Text | None = None
    dispatched_at: Instant
    expected_on: Day | None = None
    lines: tuple[ShipmentLine, ...]


class ShipmentStatus(Word):
    """Where a shipment is."""

    IN_TRANSIT = "in_transit", "On its way."
    OUT_FOR_DELIVERY = "out_for_delivery", "Arrives today."
    HELD = "held", "Held up."


class ShipmentProgressed(ShipmentEvent):
    """The carrier reports where the shipment is."""

    ce_type: ClassVar[str] = "shipment.progressed.v1"

    status: ShipmentStatus
    at: Instant
    note: Text | None = None


class ShipmentDelivered(ShipmentEvent):
    """The shipment has arrived."""

    ce_type: ClassVar[str] = "shipment.delivered.v1"

    delivered_at: Instant
    received_by: Text | None = None
