"""Queries of the rooms' pages, for the session's `Holder` alone. Unknown is `NotFound`."""

from __future__ import annotations

from typing import Any

from services.customer_portal.rooms.projections import BOOKINGS, ITEMS, ORDERS
from services.customer_portal.rooms.statement import CREDIT_NOTE, INVOICE
from shared.mongo.client import Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.projections.generations import Generations
from shared.web.pages import NotFound
from shared.web.sessions import Holder

ORDERS_ON_A_PAGE = 50
MOST_ITEMS = 1_000
MOST_BOOKINGS = 50_000
"""An account with more would be shown as incomplete: its bookings are counted without gaps."""
BRIEF = {"lines": 0, "taxes": 0, "document": 0}


class Rooms:
    """Reads the rooms' projections. Its methods raise `Outage`."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def orders(self, holder: Holder, status: str = "", first: int = 0) -> list[Document]:
        """The customer's orders, newest first, those of one status where one is named.

        A page, and one if there are more.
        """
        own = {"customer_id": holder.customer_id} | ({"standing": status} if status else {})
        with mongodb_errors_as_outage():
            found = self._generations.serving(ORDERS).find(own).sort("placed_on", -1).skip(first)
            return await found.limit(ORDERS_ON_A_PAGE + 1).to_list(ORDERS_ON_A_PAGE + 1)

    async def order(self, holder: Holder, number: str) -> Document:
        """Raises `NotFound`."""
        return await self._one(ORDERS, holder, {"_id": number})

    async def bookings(self, holder: Holder) -> list[Document]:
        """Everything booked on the customer's account, without its lines."""
        own = {"customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = self._generations.serving(BOOKINGS).find(own, BRIEF)
            return await found.to_list(MOST_BOOKINGS)

    async def invoice(self, holder: Holder, number: str) -> Document:
        """Raises `NotFound`."""
        return await self._one(BOOKINGS, holder, {"invoice_number": number, "type": INVOICE})

    async def credit_note(self, holder: Holder, number: str) -> Document:
        """Raises `NotFound`."""
        wanted = {"credit_note_number": number, "type": CREDIT_NOTE}
        return await self._one(BOOKINGS, holder, wanted)

    async def items(self, holder: Holder) -> list[Document]:
        """The customer's inventory, by product and id."""
        own = {"customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(ITEMS).find(own).to_list(MOST_ITEMS)
        return sorted(found, key=lambda it: (str(it["product"]), str(it["_id"])))

    async def item(self, holder: Holder, item_id: str) -> Document:
        """Raises `NotFound`."""
        return await self._one(ITEMS, holder, {"_id": item_id})

    async def _one(self, name: str, holder: Holder, wanted: dict[str, Any]) -> Document:
        own = wanted | {"customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(name).find_one(own)
        if found is None:
            raise NotFound
        return found
