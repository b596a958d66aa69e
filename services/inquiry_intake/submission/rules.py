"""The rules of a sound submission that a field's shape cannot say.

They read the raw fields, so that they are reported together with faults of shape (F2). A rule that
cannot be computed, because what it reads is faulty, says nothing: the shape's error stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from services.inquiry_intake.inquiry.state import named_inquiry
from services.inquiry_intake.submission.error_codes import ErrorCode
from shared.events.inventory import ItemChanges
from shared.events.limits import CLOCK_TOLERANCE
from shared.events.submissions import (
    CancellationEvidenceSubmitted,
    CancellationSubmitted,
    ConsentWithdrawalSubmitted,
    ContractAcceptanceSubmitted,
    ContractViewedSubmitted,
    FollowUpSubmitted,
    InventoryUpdateSubmitted,
    ProfileUpdateSubmitted,
    RegistrationSubmitted,
    Submission,
)
from shared.events.text import is_absent, is_blank, trimmed
from shared.events.values import ConsentPurpose, Country, Day, Instant, madrid_date, readable
from shared.formats import COUNTRIES

Fields = dict[str, Any]
Fault = tuple[str, ErrorCode]
Rule = Callable[[Fields, datetime], Iterator[Fault]]

LONGEST_AGO = timedelta(days=366)
LONGEST_AHEAD = timedelta(days=366)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No consent or signature for this desk is older."""

PROFILE_FIELDS = ("name", "email", "phone", "company", "country", "language")
"""The profile fields that a customer may change."""

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_DAY: TypeAdapter[date] = TypeAdapter(Day)
_COUNTRY: TypeAdapter[str] = TypeAdapter(Country)
_PURPOSES = [purpose.value for purpose in ConsentPurpose]


def broken_rules(model: type[Submission], fields: Fields, now: datetime) -> list[Fault]:
    """The faults of a submission of this type beside those of its shape."""
    rules = (*_FOR_ALL, *_FOR_ONE.get(model, ()))
    return [fault for rule in rules for fault in rule(fields, now)]


def _received_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    received_at = readable(_INSTANT, fields.get("received_at"))
    if received_at is None:
        return
    if received_at > now + CLOCK_TOLERANCE:
        yield "received_at", ErrorCode.IN_FUTURE
    if received_at < now - LONGEST_AGO:
        yield "received_at", ErrorCode.TOO_OLD


def _ends_within_a_year(fields: Fields, now: datetime) -> Iterator[Fault]:
    requested = readable(_DAY, fields.get("requested_end_on"))
    if requested is None or any(_received_in_time(fields, now)):
        return
    received_at = readable(_INSTANT, fields.get("received_at"))
    if received_at is None:
        return
    if requested - madrid_date(received_at) > LONGEST_AHEAD:
        yield "requested_end_on", ErrorCode.TOO_FAR_AHEAD


def _signed_by_the_day_of_receipt(fields: Fields, now: datetime) -> Iterator[Fault]:
    """A signature is not younger than the request that carries it, and at most a year older."""
    signed_on = readable(_DAY, _member(fields.get("signature"), "signed_on"))
    if signed_on is None or any(_received_in_time(fields, now)):
        return
    received_at = readable(_INSTANT, fields.get("received_at"))
    if received_at is None:
        return
    received_on = madrid_date(received_at)
    if signed_on > received_on:
        yield "signature.signed_on", ErrorCode.IN_FUTURE
    if received_on - signed_on > LONGEST_AGO:
        yield "signature.signed_on", ErrorCode.TOO_OLD


def _no_contract_twice(fields: Fields, _now: datetime) -> Iterator[Fault]:
    yield from _repeated("contract_numbers", "", _list(fields, "contract_numbers"))


def _no_document_twice(fields: Fields, _now: datetime) -> Iterator[Fault]:
    yield from _repeated("documents", "", _list(fields, "documents"))


def _country_exists(fields: Fields, _now: datetime) -> Iterator[Fault]:
    country = readable(_COUNTRY, fields.get("country"))
    if country is not None and country not in COUNTRIES:
        yield "country", ErrorCode.NOT_ALLOWED


def _both_consents(fields: Fields, _now: datetime) -> Iterator[Fault]:
    """Without both consents there is no registration (F3); each is named by its purpose.

    Where a purpose is illegible nobody knows which one is missing: its own fault stands.
    """
    if not isinstance(fields.get("consents"), list):
        return
    purposes = [_member(consent, "purpose") for consent in _list(fields, "consents")]
    legible = all(purpose in _PURPOSES for purpose in purposes)
    for purpose in ConsentPurpose:
        if legible and purpose.value not in purposes:
            yield f"consents.{purpose.value}", ErrorCode.CONSENT_MISSING
    yield from _repeated("consents", ".purpose", purposes)


def _consents_given_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    for index, consent in enumerate(_list(fields, "consents")):
        given_at = _member(consent, "given_at")
        yield from _already_happened(f"consents.{index}.given_at", given_at, now)


def _accepted_outright(fields: Fields, _now: datetime) -> Iterator[Fault]:
    """An acceptance is `true`; a number that equals it in Python is none."""
    if "accepted" in fields and fields["accepted"] is not True:
        yield "accepted", ErrorCode.NOT_ALLOWED


def _signed_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    yield from _already_happened("signed_at", fields.get("signed_at"), now)


def _authenticated_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    authenticated_at = _member(fields.get("authentication"), "at")
    yield from _already_happened("authentication.at", authenticated_at, now)


def _viewed_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    yield from _already_happened("viewed_at", fields.get("viewed_at"), now)


def _already_happened(path: str, value: object, now: datetime) -> Iterator[Fault]:
    instant = readable(_INSTANT, value)
    if instant is None:
        return
    if instant > now + CLOCK_TOLERANCE:
        yield path, ErrorCode.IN_FUTURE
    if instant < EARLIEST:
        yield path, ErrorCode.TOO_OLD


def _says_something(fields: Fields, _now: datetime) -> Iterator[Fault]:
    """More words, attachments or the wish to close: a follow-up with none says nothing (F4)."""
    closes = not is_absent(fields.get("close")) and bool(fields["close"])
    if is_absent(fields.get("text")) and not closes and not fields.get("documents"):
        yield "text", ErrorCode.MISSING


def _names_an_inquiry(fields: Fields, _now: datetime) -> Iterator[Fault]:
    given = fields.get("inquiry_id")
    if isinstance(given, str) and not is_blank(given) and named_inquiry(given) is None:
        yield "inquiry_id", ErrorCode.WRONG_FORMAT


def _brings_evidence(fields: Fields, _now: datetime) -> Iterator[Fault]:
    given = [fields.get(name) for name in ("destruction_confirmed", "signature")]
    contact = fields.get("contact")
    given += contact.values() if isinstance(contact, dict) else [contact]
    if not any(_says(value) for value in given):
        yield "evidence", ErrorCode.EVIDENCE_MISSING


def _changes_something(fields: Fields, _now: datetime) -> Iterator[Fault]:
    """An update without a change says nothing (F16)."""
    changes = fields.get("changes")
    named = ItemChanges.model_fields
    if isinstance(changes, dict) and all(is_absent(changes.get(name)) for name in named):
        yield "changes", ErrorCode.MISSING


def _changes_the_profile(fields: Fields, _now: datetime) -> Iterator[Fault]:
    if all(is_absent(fields.get(name)) for name in PROFILE_FIELDS):
        yield "profile", ErrorCode.CHANGE_MISSING


def _withdrawn_in_time(fields: Fields, now: datetime) -> Iterator[Fault]:
    yield from _already_happened("withdrawn_at", fields.get("withdrawn_at"), now)


def _says(value: object) -> bool:
    """Whether a field adds anything; a contact without a single datum does not."""
    return not is_absent(value) and value is not False


def _repeated(path: str, suffix: str, values: list[Any]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if not isinstance(value, str):
            continue
        if trimmed(value) in seen:
            yield f"{path}.{index}{suffix}", ErrorCode.DUPLICATE
        seen.add(trimmed(value))


def _list(fields: Fields, name: str) -> list[Any]:
    value = fields.get(name)
    return value if isinstance(value, list) else []


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


_FOR_ALL: tuple[Rule, ...] = (_received_in_time, _no_document_twice)
_FOR_ONE: dict[type[Submission], tuple[Rule, ...]] = {
    FollowUpSubmitted: (_names_an_inquiry, _says_something),
    RegistrationSubmitted: (_country_exists, _both_consents, _consents_given_in_time),
    ContractAcceptanceSubmitted: (_accepted_outright, _signed_in_time, _authenticated_in_time),
    ContractViewedSubmitted: (_viewed_in_time,),
    CancellationSubmitted: (
        _ends_within_a_year,
        _signed_by_the_day_of_receipt,
        _no_contract_twice,
    ),
    CancellationEvidenceSubmitted: (_brings_evidence, _signed_by_the_day_of_receipt),
    ProfileUpdateSubmitted: (_country_exists, _changes_the_profile),
    ConsentWithdrawalSubmitted: (_withdrawn_in_time,),
    InventoryUpdateSubmitted: (_changes_something,),
}
