"""Types of the fields that customers submit, with one set of rules on text and values.

Events of the desk and stored states use the plain types of `values`: what was taken once can be
read for ever, whatever the rules are by then.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.events.given import Given
from shared.events.mail_address import LONGEST, mailable
from shared.events.text import is_one_line, is_plain, trimmed
from shared.events.values import TRIMMED, Authentication, Consent, Contact, Language, Signature

LANGUAGES = frozenset(language.value for language in Language)
LONGEST_LANGUAGE = 35
"""Characters of a language tag, by RFC 5646's advice."""

_PHONE = re.compile(
    r"(?:tel:)?\s*(?P<number>[(\[]?\s*\+?[\d\s()\[\]./\u2010-\u2015\u2212-]+?)"
    r"(?:[\s,;]*[(\[]?\s*(?:extensi[oó]n|extn|ext|interno|int|anexo|x|#)\s*[.:=]{0,2}"
    r"\s*(?P<extension>\d{1,8})\s*[)\]]?)?",
    re.ASCII | re.IGNORECASE,
)
_ORDINARY_PHONE = re.compile(r"\+?\d+(?: \d+)*", re.ASCII)
"""A number of which nothing but its length is to be judged, and nothing changed."""
_DIGITS_OF_A_PHONE = range(5, 21)


def _one_line(text: str) -> str:
    if not is_one_line(text):
        raise PydanticCustomError("wrong_format", "one line without control characters is needed")
    return text


def _plain(text: str) -> str:
    if not is_plain(text):
        raise PydanticCustomError("wrong_format", "text without control characters is needed")
    return text


def _mailable(address: str) -> str:
    if mailable(address) is None:
        raise PydanticCustomError("wrong_format", "an address that mail can be sent to is needed")
    return address


def _phone(text: str) -> str:
    """A number as people write it, with plain blanks and without `tel:`."""
    if _ORDINARY_PHONE.fullmatch(text):
        number = plain = text
    else:
        text = " ".join(unicodedata.normalize("NFKC", text).split())
        found = _PHONE.fullmatch(text)
        number, plain = (found["number"], text[found.start("number") :]) if found else ("", "")
    if sum(map(str.isdigit, number)) not in _DIGITS_OF_A_PHONE:
        raise PydanticCustomError("wrong_format", "a telephone number is needed")
    return plain


def primary_tag(text: str) -> str:
    """The language of a tag such as `es-ES`, `EN` or `en_GB.UTF-8`, in lower case."""
    return re.split(r"[-_.@]", trimmed(text), maxsplit=1)[0].lower()


def _language(value: object) -> object:
    """A language that the desk does not have is answered in Spanish."""
    if not isinstance(value, str) or value in LANGUAGES or len(value) > LONGEST_LANGUAGE:
        return value
    tag = primary_tag(value)
    return tag if tag in LANGUAGES else Language.ES


Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=10_000),
    TRIMMED,
    AfterValidator(_one_line),
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    TRIMMED,
    AfterValidator(_one_line),
]
Mark = Name
"""A reference, a version, a code: a short line, too."""
Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=10_000),
    TRIMMED,
    AfterValidator(_plain),
]
Digest = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$"), TRIMMED, AfterValidator(str.lower)
]
"""A SHA-256 in hex, compared without case."""
PostalAddress = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    TRIMMED,
    AfterValidator(_plain),
]
MailAddress = Annotated[
    str,
    StringConstraints(min_length=1),
    TRIMMED,
    AfterValidator(_mailable),
    WithJsonSchema({"type": "string", "format": "idn-email", "maxLength": LONGEST}),
]
PhoneNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=50), TRIMMED, AfterValidator(_phone)
]
KnownLanguage = Annotated[Language, BeforeValidator(_language)]


class SubmittedContact(Given, Contact):
    """Where answers are to go. Any field may be missing."""

    name: Name | None = None
    email: MailAddress | None = None
    phone: PhoneNumber | None = None
    postal_address: PostalAddress | None = None

    @property
    def plain(self) -> Contact:
        return Contact(**vars(self))


class SubmittedSignature(Signature):
    """A signature; `reference` is the document's, the e-signature's or the agent's id."""

    reference: Mark
    signed_by: Name

    @property
    def plain(self) -> Signature:
        return Signature(**vars(self))


class SubmittedConsent(Consent):
    wording_version: Mark

    @property
    def plain(self) -> Consent:
        return Consent(**vars(self))


class SubmittedAuthentication(Authentication):
    method: Mark
    level: Mark
    reference: Mark

    @property
    def plain(self) -> Authentication:
        return Authentication(**vars(self))
