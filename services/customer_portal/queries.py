"""Queries of the pages. A customer's documents are asked for with the session's `Holder`.

Others' records and unknown ones are the same to a caller: `NotFound`, or None.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.customer_portal.projections import (
    ATTACHMENTS,
    CONTRACTS,
    CUSTOMERS,
    FORGOTTEN,
    INQUIRIES,
    POLICIES,
)
from services.customer_portal.words import STATUS
from shared.events.inquiries import InquiryKind
from shared.events.mail_address import address_key
from shared.mongo.client import Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.projections.generations import Generations
from shared.web.pages import NotFound
from shared.web.sessions import Holder

ON_A_PAGE = 50
MOST_SHOWN = 200
BRIEF = {"entries": 0, "details": 0, "mails": 0}
"""Fields that a list does not show."""
MOST_CONTRACTS = 500


class ProjectionQueries:
    """Reads the projections. Its methods raise `Outage`."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    async def answer(self, key: str) -> Document:
        """The answers to a submission, by the key that only its sender can know."""
        with mongodb_errors_as_outage():
            return await self._generations.serving(INQUIRIES).find_one({"_id": key}) or {}

    async def inquiries(
        self, holder: Holder, statuses: Sequence[str] = tuple(STATUS), first: int = 0
    ) -> list[Document]:
        """The customer's inquiries of these statuses, newest first: a page, and one if more."""
        own = {"customer_id": holder.customer_id, "standing": {"$in": list(statuses)}}
        with mongodb_errors_as_outage():
            inquiries = self._generations.serving(INQUIRIES)
            found = inquiries.find(own, BRIEF).sort("listed_at", -1).skip(first)
            return await found.limit(ON_A_PAGE + 1).to_list(ON_A_PAGE + 1)

    async def number_of_inquiries(self, holder: Holder, status: str) -> int:
        own = {"customer_id": holder.customer_id, "standing": status}
        with mongodb_errors_as_outage():
            return int(await self._generations.serving(INQUIRIES).count_documents(own))

    async def followed(self, reference: str, address: str) -> str | None:
        """The inquiry of this reference, if it was made with this address or by its owner."""
        with mongodb_errors_as_outage():
            found = await self._generations.serving(INQUIRIES).find_one({"reference": reference})
            if found is None:
                return None
            key = address_key(address)
            if address_key((found.get("contact") or {}).get("email") or "") == key:
                return str(found["_id"])
            customers = self._generations.serving(CUSTOMERS)
            owner = {"_id": found.get("customer_id"), "address": key}
            return str(found["_id"]) if await customers.find_one(owner) else None

    async def is_forgotten(self, holder: Holder) -> bool:
        """Whether the customer's tombstone has been read."""
        with mongodb_errors_as_outage():
            customers = self._generations.serving(CUSTOMERS)
            found = await customers.find_one({"_id": holder.customer_id, FORGOTTEN: True})
        return found is not None

    async def forgotten_among(self, customer_ids: Sequence[str]) -> list[str]:
        """Returns those of these customers whose tombstone has been read."""
        wanted = {"_id": {"$in": [*customer_ids]}, FORGOTTEN: True}
        with mongodb_errors_as_outage():
            found = self._generations.serving(CUSTOMERS).find(wanted, {"_id": 1})
            return [str(it["_id"]) for it in await found.to_list(len(customer_ids))]

    async def inquiry(self, holder: Holder, inquiry_id: str) -> Document:
        """One of the customer's inquiries. Raises `NotFound`."""
        own = {"_id": inquiry_id, "customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = await self._generations.serving(INQUIRIES).find_one(own)
        if found is None or not (found.get("reference") or found.get("stated")):
            raise NotFound
        return found

    async def attachments(self, holder: Holder, document_ids: Sequence[str]) -> list[Document]:
        """Returns the customer's own among these attachments, in no order."""
        own = {"_id": {"$in": [*document_ids]}, "customer_id": holder.customer_id}
        with mongodb_errors_as_outage():
            found = self._generations.serving(ATTACHMENTS).find(own)
            return await found.to_list(len(document_ids))

    async def open_inventory_updates(self, holder: Holder) -> list[Document]:
        """The customer's corrections of the inventory without an answer (F16), in no order."""
        own = {"customer_id": holder.customer_id, "standing": "open"}
        own |= {"kind": InquiryKind.INVENTORY_UPDATE.value}
        with mongodb_errors_as_outage():
            return await self._generations.serving(INQUIRIES).find(own).to_list(MOST_SHOWN)

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
