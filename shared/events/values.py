"""Value types that events share. Dates are Madrid's calendar dates; instants are timezone-aware."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from shared.events.choices import Channel as Channel
from shared.events.choices import Language as Language
from shared.events.choices import SignatureKind as SignatureKind
from shared.events.choices import Word
from shared.events.text import is_absent, is_blank, trimmed

MADRID = ZoneInfo("Europe/Madrid")
UNKNOWN = "unknown"
"""The key of a record without a known customer."""

T = TypeVar("T")


def readable(adapter: TypeAdapter[T], value: object) -> T | None:
    """The value, or None when it does not match `adapter`'s type."""
    if value is None:
        return None
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _trim(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "" if is_blank(value) else trimmed(value)


TRIMMED = BeforeValidator(_trim)
"""The one rule for identifiers, names and addresses; what is blank becomes empty."""

CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$"), TRIMMED]
ContractNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,64}$"), TRIMMED]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), TRIMMED]
AsGiven = Annotated[str, StringConstraints(max_length=10_000)]
"""Text accepted under the rules of its time; today's rules do not apply to it."""


def _only_text(pattern: str, wanted: str) -> BeforeValidator:
    """JSON has no dates and no decimals: on the wire they are text of one form, never a number."""
    form = re.compile(pattern)

    def check(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(value):
            return value
        if isinstance(value, str):
            raise PydanticCustomError("wrong_format", wanted)
        if isinstance(value, (int, float)):
            raise PydanticCustomError("wrong_type", wanted)
        return value

    return BeforeValidator(check)


Instant = Annotated[
    AwareDatetime,
    _only_text(
        r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)",
        "an RFC 3339 instant with an offset is needed",
    ),
]
Day = Annotated[date, _only_text(r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD is needed")]
Amount = Annotated[Decimal, _only_text(r"-?\d{1,18}(\.\d{1,6})?", "a decimal string is needed")]
Flag = StrictBool


def _within_64_bits(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise PydanticCustomError("too_large", "no database holds a number this large")
    return number


Count = Annotated[int, AfterValidator(_within_64_bits)]


def madrid_date(instant: datetime) -> date:
    """The calendar date in Europe/Madrid on which `instant` (timezone-aware) falls."""
    return in_madrid(instant).date()


def in_madrid(instant: datetime) -> datetime:
    """`instant` (timezone-aware) on Madrid's clocks; unchanged where the calendar ends before."""
    try:
        return instant.astimezone(MADRID)
    except OverflowError:  # an hour from the beginning of year 1 or the end of year 9999
        return instant


def days_after(day: date, days: int) -> date:
    """`day` plus `days`, which may be negative; the calendar's last or first date beyond it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def start_of_day(day: date) -> datetime:
    """The first instant of `day` in Europe/Madrid."""
    return datetime(day.year, day.month, day.day, tzinfo=MADRID)


class Value(BaseModel):
    """A frozen value; fields that a newer writer adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Bilingual(Value):
    """A sentence for the customer, in Spanish and in English."""

    es: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.en if language is Language.EN else self.es


class Money(Value):
    """An amount in its currency; on the wire the amount is a decimal string."""

    amount: Amount
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Contact(Value):
    """Where answers go. Any field may be missing; `means` says whether one is usable."""

    name: AsGiven | None = None
    email: AsGiven | None = None
    phone: AsGiven | None = None
    postal_address: AsGiven | None = None

    @property
    def means(self) -> bool:
        """Whether there is at least one means of contact besides the name (F12)."""
        means = (self.email, self.phone, self.postal_address)
        return not all(is_absent(way) for way in means)

    @property
    def complete(self) -> bool:
        """A contact name and one means of contact: what a written notice needs (F12)."""
        return not is_absent(self.name) and self.means

    def completed_with(self, other: Contact | None) -> Contact:
        """This contact with `other`'s values where it has none of its own (F4)."""
        if other is None:
            return self
        own = self.model_dump(exclude_none=True)
        return Contact.model_validate({**other.model_dump(exclude_none=True), **own})


class Signature(Value):
    """A signature; `reference` is the document's, the e-signature's or the agent's id."""

    kind: SignatureKind
    reference: Text
    signed_by: Text
    signed_on: Day


class Authentication(Value):
    """How a signer was authenticated: by which method, at which level, when, and on what record."""

    method: Text
    level: Text
    at: Instant
    reference: Text


class Evidence(Word):
    """The evidence that a cancellation request may still lack."""

    DESTRUCTION = (
        "destruction_confirmation",
        "The confirmation that all copies are destroyed (F11).",
    )
    SIGNATURE = "signature", "A signature (F12)."
    CONTACT = "contact", "A contact's name and one means of contact (F12)."


class Period(Word):
    ONCE = "once", "Once."
    MONTH = "month", "Every month."
    YEAR = "year", "Every year."


class ConsentPurpose(Word):
    """A purpose that the customer consents to (F3); a registration needs both."""

    STORE_AND_CONTACT = "store_and_contact", "Keeping the data and using them to get in touch."
    TRANSFER_ABROAD = "transfer_abroad", "Transferring the data outside the country of residence."


class Consent(Value):
    purpose: ConsentPurpose
    wording_version: Text
    given_at: Instant


class KeptConsent(Consent):
    """A consent as a profile keeps it: withdrawn since `withdrawn_at`, or in force."""

    withdrawn_at: Instant | None = None

    @property
    def in_force(self) -> bool:
        return self.withdrawn_at is None


class FieldError(Value):
    """One faulty field: `code` for machines, `message` for people."""

    field: str
    code: str
    message: Bilingual


class Detail(Value):
    """One line of what the customer submitted, for the confirmation; never a secret."""

    field: str
    value: str = Field(max_length=10_000)
