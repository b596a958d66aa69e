"""Folds the topics of the order, billing and inventory systems into what the rooms show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.customer_portal.rooms.words import order_status
from shared.events.accounts import AccountEvent
from shared.events.envelope import Event, Message
from shared.events.internal import KeyForgotten
from shared.events.inventory import InventoryItemRecorded
from shared.events.orders import (
    Order,
    OrderCancelled,
    OrderEvent,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
    ShipmentProgressed,
)
from shared.mongo.client import Document
from shared.runtime.projections.projection import Projection

ORDERS, BOOKINGS, ITEMS = "orders", "bookings", "items"
MOST_SHIPMENTS, MOST_STEPS = 100, 50
"""Newest shipments kept per order, and newest steps kept per shipment."""


def order_keys(message: Message) -> Iterable[str]:
    event = message.data
    return (event.order_number,) if isinstance(event, OrderEvent) else ()


def fold_order(document: Document, message: Message) -> Document:
    """An order as it is now, with its shipments, and what lists are filtered by."""
    folded = _folded_order(document, message)
    return folded | {"standing": order_status(folded)} if "order" in folded else folded


def _folded_order(document: Document, message: Message) -> Document:
    """An event that names another customer is not the order's."""
    event = message.data
    match event:
        case Order() if event.sequence >= document.get("sequence", 0):
            return document | {
                "customer_id": event.customer_id,
                "placed_on": event.placed_on.isoformat(),
                "sequence": event.sequence,
                "order": _dump(event),
            }
        case OrderEvent() if event.customer_id != document.get("customer_id"):
            return document
        case OrderCancelled() if event.sequence >= document.get("sequence", 0):
            return document | {"sequence": event.sequence, "cancelled": _dump(event)}
        case ShipmentEvent():
            return _with_shipment(document, event)
        case _:
            return document


def _with_shipment(document: Document, event: ShipmentEvent) -> Document:
    before = list(document.get("shipments", ()))
    number = event.shipment_number
    known = next((it for it in before if it["shipment_number"] == number), None)
    shipment = dict(known or {"shipment_number": number, "steps": []})
    match event:
        case ShipmentDispatched():
            shipment |= _dump(event) | {"dispatched": True}
        case ShipmentProgressed():
            said = _dump(event)
            step = {name: said[name] for name in ("status", "at", "note") if name in said}
            steps = sorted([*shipment["steps"], step], key=_at)
            shipment["steps"] = steps[-MOST_STEPS:]
        case ShipmentDelivered():
            shipment["delivered"] = _dump(event)
    others = [it for it in before if it["shipment_number"] != number]
    return document | {"shipments": [*others, shipment][-MOST_SHIPMENTS:]}


def _at(step: Document) -> str:
    return str(step["at"])


def booking_keys(message: Message) -> Iterable[str]:
    """Keys each booking to a separate document, since an account grows without bound."""
    event = message.data
    return (f"{event.customer_id}/{event.sequence}",) if isinstance(event, AccountEvent) else ()


def fold_booking(document: Document, message: Message) -> Document:
    event = message.data
    if not isinstance(event, AccountEvent):
        return document
    return _dump(event) | {"type": event.ce_type}


def item_keys(message: Message) -> Iterable[str]:
    event = message.data
    match event:
        case KeyForgotten():
            return (event.key,)
        case InventoryItemRecorded():
            return (event.item_id,)
        case _:
            return ()


def fold_item(document: Document, message: Message) -> Document:
    """The item of the highest version; nothing once it is forgotten."""
    event = message.data
    match event:
        case KeyForgotten():
            return {}
        case InventoryItemRecorded() if event.version >= document.get("version", 0):
            return _dump(event)
        case _:
            return document


def _dump(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude_none=True)


PROJECTIONS = (
    Projection(
        ORDERS,
        ("orders.orders",),
        order_keys,
        fold_order,
        (("customer_id", "placed_on"), ("customer_id", "standing", "placed_on")),
    ),
    Projection(
        BOOKINGS,
        ("billing.accounts",),
        booking_keys,
        fold_booking,
        (
            ("customer_id", "sequence"),
            ("customer_id", "invoice_number"),
            ("customer_id", "credit_note_number"),
        ),
    ),
    Projection(ITEMS, ("inventory.items",), item_keys, fold_item, (("customer_id",),)),
)
