"""Words of the rooms. The messages are English here and translated where shown."""

from __future__ import annotations

from collections.abc import Mapping

from services.customer_portal.rooms.statement import (
    BUCKETS,
    CREDIT_NOTE,
    INVOICE,
    PAYMENT,
    REVERSAL,
)
from shared.events.inventory import ItemStatus
from shared.events.orders import ShipmentStatus
from shared.mongo.client import Document
from shared.web.languages import N_

ORDER_STATUS: Mapping[str, tuple[str, str]] = {
    "in_progress": (N_("In preparation"), "blue"),
    "on_its_way": (N_("On its way"), "blue"),
    "partly_delivered": (N_("Partly delivered"), "amber"),
    "delivered": (N_("Delivered"), "green"),
    "cancelled": (N_("Cancelled"), ""),
}
SHIPMENT_STATUS: Mapping[str, tuple[str, str]] = {
    "dispatched": (N_("Dispatched"), "blue"),
    ShipmentStatus.IN_TRANSIT: (N_("On its way"), "blue"),
    ShipmentStatus.OUT_FOR_DELIVERY: (N_("Out for delivery"), "blue"),
    ShipmentStatus.HELD: (N_("Held up"), "amber"),
    "delivered": (N_("Delivered"), "green"),
}
ITEM_STATUS: Mapping[str, tuple[str, str]] = {
    ItemStatus.IN_USE: (N_("In use"), "green"),
    ItemStatus.STORED: (N_("Stored"), "blue"),
    ItemStatus.RETIRED: (N_("Retired"), ""),
}
ITEM_FIELDS: Mapping[str, str] = {
    "serial_number": N_("Serial number"),
    "site": N_("Site"),
    "status": N_("State"),
}
"""Fields of an item that a customer may correct."""
BOOKING: Mapping[str, str] = {
    INVOICE: N_("Invoice"),
    CREDIT_NOTE: N_("Credit note"),
    PAYMENT: N_("Payment"),
    REVERSAL: N_("Payment taken back by the bank"),
}
AGE: Mapping[str, str] = dict(
    zip(
        BUCKETS,
        (
            N_("Not due"),
            N_("1 to 30 days"),
            N_("31 to 60 days"),
            N_("61 to 90 days"),
            N_("Over 90 days"),
        ),
        strict=True,
    )
)


def order_status(order: Document) -> str:
    """Derives the status of the whole order from its shipments."""
    if order.get("cancelled"):
        return "cancelled"
    shipments = order.get("shipments", ())
    if not shipments:
        return "in_progress"
    delivered = [it for it in shipments if it.get("delivered")]
    if not delivered:
        return "on_its_way"
    return "delivered" if _arrived(order, delivered) else "partly_delivered"


def _arrived(order: Document, delivered: list[Document]) -> bool:
    """Whether every line has arrived in full."""
    missing = {it["line"]: it["quantity"] for it in order["order"]["lines"]}
    for shipment in delivered:
        for it in shipment.get("lines", ()):
            missing[it["line"]] = missing.get(it["line"], 0) - it["quantity"]
    return all(quantity <= 0 for quantity in missing.values())


def shipment_status(shipment: Document) -> str:
    if shipment.get("delivered"):
        return "delivered"
    return str(shipment["steps"][-1]["status"]) if shipment.get("steps") else "dispatched"
