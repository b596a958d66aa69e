"""My account, and its orders with their shipments (F13)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.customer_portal.pages.common import first_on_page, neighbours
from services.customer_portal.portal import Portal
from services.customer_portal.rooms.queries import ORDERS_ON_A_PAGE
from services.customer_portal.rooms.words import (
    ORDER_STATUS,
    SHIPMENT_STATUS,
    order_status,
    shipment_status,
)
from shared.mongo.client import Document
from shared.web.pages import Visit
from shared.web.sessions import Holder


async def account(_portal: Portal, visit: Visit, _holder: Holder) -> Response:
    return visit.show("account.html")


async def orders(portal: Portal, visit: Visit, holder: Holder) -> Response:
    first = first_on_page(visit)
    wanted = visit.asked("status") if visit.asked("status") in ORDER_STATUS else ""
    found = await portal.rooms.orders(holder, wanted, first)
    return visit.show(
        "orders.html",
        orders=[it | {"status": order_status(it)} for it in found[:ORDERS_ON_A_PAGE]],
        wanted=wanted,
        **neighbours(first, ORDERS_ON_A_PAGE, more=len(found) > ORDERS_ON_A_PAGE),
        ORDER_STATUS=ORDER_STATUS,
    )


async def order(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.order(holder, visit.parameter("order"))
    return visit.show(
        "order.html",
        order=found["order"],
        cancelled=found.get("cancelled"),
        standing=order_status(found),
        shipments=[_shown(it, found) for it in found.get("shipments", ())],
        ORDER_STATUS=ORDER_STATUS,
        SHIPMENT_STATUS=SHIPMENT_STATUS,
    )


def _shown(shipment: Document, order: Document) -> dict[str, Any]:
    lines = {it["line"]: it["description"] for it in order["order"]["lines"]}
    link = str(shipment.get("tracking_url", ""))
    return shipment | {
        "status": shipment_status(shipment),
        "contents": [
            (it["quantity"], lines.get(it["line"], "")) for it in shipment.get("lines", ())
        ],
        "link": link if link.startswith("https://") else "",
    }
