"""Reads the sender and the way to answer even from a faulty submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.events.envelope import Unchecked
from shared.events.submissions import RegistrationSubmitted
from shared.events.submitted import LANGUAGES, KnownLanguage, SubmittedContact, primary_tag
from shared.events.text import is_blank, trimmed
from shared.events.values import Contact, CustomerId, Language

T = TypeVar("T")

_CUSTOMER_ID: TypeAdapter[str] = TypeAdapter(CustomerId)
_LANGUAGE: TypeAdapter[Language] = TypeAdapter(KnownLanguage)
_CONTACT: TypeAdapter[SubmittedContact] = TypeAdapter(SubmittedContact)


def readable(adapter: TypeAdapter[T], value: object) -> T | None:
    """The value, or None when it does not match `adapter`'s type."""
    if value is None:
        return None
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def readable_customer_id(received: Unchecked, key: str) -> str | None:
    """Returns the submission's customer id, from its data or else from its record key."""
    given = readable(_CUSTOMER_ID, received.fields.get("customer_id"))
    return given or readable(_CUSTOMER_ID, key)


@dataclass(frozen=True, slots=True)
class SubmissionSender:
    """The sender of `received`, whose record has this `key`."""

    received: Unchecked
    key: str

    @property
    def customer_id(self) -> str | None:
        return readable_customer_id(self.received, self.key)

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return readable(_LANGUAGE, self._asked) or Language.ES

    @property
    def requested_language(self) -> str | None:
        """The language asked for that the desk does not have; the answer is in Spanish then."""
        asked = self._asked
        if not isinstance(asked, str) or asked in LANGUAGES or primary_tag(asked) in LANGUAGES:
            return None
        return None if is_blank(asked) or readable(_LANGUAGE, asked) is None else trimmed(asked)

    @property
    def contact(self) -> Contact | None:
        """The sound part of the contact (of a registration, of its own fields), or None."""
        is_registration = self.received.ce_type == RegistrationSubmitted.ce_type
        fields = self.received.fields
        given = fields if is_registration else fields.get("contact")
        if not isinstance(given, dict):
            return None
        parts = [readable(_CONTACT, {name: given.get(name)}) for name in Contact.model_fields]
        sound = {name: it for part in parts if part for name, it in part if it is not None}
        return Contact(**sound) if sound else None

    @property
    def _asked(self) -> object:
        return self.received.fields.get("language")
