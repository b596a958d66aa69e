"""What pages may read. Whatever belongs to a customer is asked for with the session's `Holder`.

Others' records and unknown ones are the same to a caller: `NotFound`, or None.
"""

from __future__ import annotations

from services.customer_portal.projections import (
    CONTRACTS,
    CUSTOMERS,
    INQUIRIES,
    POLICIES,
    address_key,
)
from shared.mongo.client import Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.projections.generations import Generations
from shared.web.pages import NotFound
from shared.web.sessions import Holder

MOST_SHOWN = 200
"""Inquiries on one page, newest first; older ones are found by their reference."""
MOST_CONTRACTS = 500


class Queries:
    """Reads the projections. Its methods raise `Outage`."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def answer(self, key: str) -> Document:
        """What has come back about a submission, by the key that only who sent it can know."""
        with mongodb_errors_as_outage():
            return await self._generations.serving(INQUIRIES).find_one({"_id": key}) or {}

    async def inquiries(self, holder: Holder) -> list[Document]:
        """The customer's inquiries, newest first."""
        own = {"customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(INQUIRIES).find(own).to_list(10 * MOST_SHOWN)
        shown = [it for it in found if it.get("reference") or it.get("stated")]
        shown.sort(key=opened_at, reverse=True)
        return shown[:MOST_SHOWN]

    async def inquiry(self, holder: Holder, inquiry_id: str) -> Document:
        """One of the customer's inquiries. Raises `NotFound`."""
        own = {"_id": inquiry_id, "customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(INQUIRIES).find_one(own)
        if found is None or not (found.get("reference") or found.get("stated")):
            raise NotFound
        return found

    async def profile(self, holder: Holder) -> Document | None:
        """The customer's registration; None for who is not registered, or was forgotten."""
        with mongodb_errors_as_outage():
            customers = self._generations.serving(CUSTOMERS)
            found = await customers.find_one({"_id": holder.customer_id})
        return found if found and found.get("email") else None

    async def contracts(self, holder: Holder) -> list[Document]:
        """The contracts whose holder the customer is now, by number."""
        own = {"customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(CONTRACTS).find(own).to_list(MOST_CONTRACTS)
        return sorted((it for it in found if it.get("facts")), key=lambda it: str(it["_id"]))

    async def contract(self, holder: Holder, number: str) -> Document:
        """One of the customer's contracts. Raises `NotFound`."""
        own = {"_id": number, "customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(CONTRACTS).find_one(own)
        if found is None or not found.get("facts"):
            raise NotFound
        return found

    async def policy(self, name: str) -> Document | None:
        """A cancellation policy as it is in force."""
        with mongodb_errors_as_outage():
            found = await self._generations.serving(POLICIES).find_one({"_id": name})
        return found if found and found.get("summary") else None

    async def registered_under(self, address: str) -> list[Document]:
        """The customers whose registered address this is, first registered first."""
        by_address = {"address": address_key(address)}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(CUSTOMERS).find(by_address).to_list(20)
        return sorted(found, key=lambda it: str(it["registered_at"]))


def opened_at(inquiry: Document) -> str:
    return str(inquiry.get("opened_at") or inquiry.get("stated", {}).get("opened_at", ""))
