"""Closed sets that need no library: a command line offers them before anything else is loaded."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    ES = "es"
    EN = "en"


class Channel(StrEnum):
    """The front-end through which a customer reached the desk."""

    WEB = "web"
    CALL_CENTRE = "call_centre"
    POST = "post"
    FAX = "fax"
    PARTNER = "partner"


class SignatureKind(StrEnum):
    SIGNED_DOCUMENT = "signed_document"
    ELECTRONIC = "electronic"
    AGENT_WITNESS = "agent_witness"
