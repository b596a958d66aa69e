"""Closed sets of words, each word with its meaning; they load no library, for the command line.

The event contract's pages and schemas take the meanings from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A word of a closed set, declared with its meaning: `WEB = "web", "A web form."`"""

    meaning: str

    def __new__(cls, word: str, meaning: str = "") -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        return member


class Language(Word):
    ES = "es", "Spanish."
    EN = "en", "English."


class Channel(Word):
    """The front-end through which a customer reached the desk."""

    WEB = "web", "A web form or the portal."
    CALL_CENTRE = "call_centre", "An agent on the telephone."
    POST = "post", "A letter, scanned."
    FAX = "fax", "A fax."
    PARTNER = "partner", "A partner's system."


class RequestType(Word):
    """The subject of a question (F5)."""

    CONTRACTS = "contracts", "A contract."
    ORDERS_AND_DELIVERIES = "orders_and_deliveries", "An order or its delivery."
    INVENTORY_AND_MAINTENANCE = "inventory_and_maintenance", "An item or its maintenance."
    INVOICES_AND_PAYMENTS = "invoices_and_payments", "An invoice or a payment."


class SignatureKind(Word):
    """The kind of a signature (F12)."""

    SIGNED_DOCUMENT = "signed_document", "A document signed by hand."
    ELECTRONIC = "electronic", "An electronic signature."
    AGENT_WITNESS = "agent_witness", "An agent who took the request on the telephone."
