"""Classifies the events' fields by content; operators see no field without a class.

One table for the command and the console. A field is classified by its name, where models use one
name for two things by `Model.field`. What has no class is hidden, as is a fact that does not look
like one: a sender can write a name where a number belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from shared.events.envelope import Event
from shared.events.topics import EVENT_TYPES

HIDDEN = "•••"
"""Stands for a value that is not shown."""


class FieldClass(StrEnum):
    """The kind of content that a field holds."""

    FACT = "fact"
    """An id, a code, a day, an instant, a number, yes or no: no sentence and no address."""
    WORDS = "words"
    """The desk's own sentence, without anybody's data."""
    GOODS = "goods"
    """Products and items, as the vendor's systems call them."""
    PERSONAL = "personal"
    """Identifies or locates a person."""
    FREE_TEXT = "free_text"
    """Text that a person wrote, or a sentence that quotes it."""
    ACCESS = "access"
    """Opens something: a code, a link, or a hash of a code that can be guessed."""


SHOWN = frozenset({FieldClass.FACT, FieldClass.WORDS, FieldClass.GOODS})

_NAMES: Mapping[FieldClass, str] = {
    FieldClass.FACT: """
        acceptable accepted access act action_id activated agent_id aggregate amount answer_due_at
        answers_inquiry_id approved as_of at attempt attempts attempts_left auto_renewal
        available_until booked_on by cancelled_on cause channel close closed_by code complete_on
        contract_number contract_numbers corrected_sha256 correlation_id covered_until
        credit_note_number currency customer_id delivered_at destruction_confirmed digest
        dispatched_at document_id document_ids documents due_at due_on effective_on ends_on
        expected_on expected_version expires_at field first_inquiry_id given_at holds_from id
        inquiry_id installed_on invoice_number issued_on item_id kept kind language lapsed lapsed_on
        lapses_on last_billable_on letter letters level line media_type message_id method missing
        more notice_ends_on notification_id offset opened_at order_number original_sha256 owner
        paid_on partition payment_id period permanent placed_on policy policy_version promised_on
        purpose quantity queue received_at received_on recipient_hash reference referred
        registered_at renewal replaced_by request_type requested_end_on requested_language
        resolve reversed_on
        rule sent_offset sent_partition sequence service sha256 shipment_number signed_at signed_on
        signer_is_holder size starts_on status submission_id submission_source submission_type
        tax_rate template terminated_on terms text_bound text_document_id text_sha256 thing topic
        type version viewed_at voided_on withdrawn_at withdrawn_on wording_version
    """,
    FieldClass.WORDS: "changed en error es explanation message summary why",
    FieldClass.GOODS: "carrier description model product title",
    FieldClass.PERSONAL: """
        company country customer_reference email name phone postal_address received_by
        serial_number signed_by site tracking_number tracking_url
    """,
    FieldClass.FREE_TEXT: "comment file_name note reason subject text value",
    FieldClass.ACCESS: "activation_code code_hash link",
}
_BY_NAME = {name: it for it, names in _NAMES.items() for name in names.split()}
_BY_OWNER: Mapping[str, FieldClass] = {
    "Authentication.reference": FieldClass.PERSONAL,
    "SubmittedAuthentication.reference": FieldClass.PERSONAL,
    "Signature.reference": FieldClass.PERSONAL,
    "SubmittedSignature.reference": FieldClass.PERSONAL,
    "CancellationRefused.explanation": FieldClass.FREE_TEXT,
    "DeadLetterReplayed.reason": FieldClass.FACT,
    "DeadLetterEdited.reason": FieldClass.FACT,
    "DeadLetterDiscarded.reason": FieldClass.FACT,
}
_FACT = re.compile(r"(/[A-Za-z0-9._/-]{1,255} )?[A-Za-z0-9._/:+#-]{1,255}")
"""A message's identity is a source, a blank and an id."""


def class_of(owner: str, field: str) -> FieldClass | None:
    """The class of a model's field; None for one that nobody has classified."""
    return _BY_OWNER.get(f"{owner}.{field}") or _BY_NAME.get(field)


def is_fact(text: str) -> bool:
    """Whether a text can only be an id, a code, a day or a number."""
    return _FACT.fullmatch(text) is not None


def masked(ce_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The event's data with `HIDDEN` for every value that is not shown."""
    return _masked(EVENT_TYPES.get(ce_type), data)


def fields_of(
    model: type[BaseModel],
) -> Iterator[tuple[type[BaseModel], str, type[BaseModel] | None]]:
    """Every field of a model and of those within it: its owner, its name and the model it holds."""
    for name, nested in nested_in(model).items():
        yield model, name, nested
        if nested is not None:
            yield from fields_of(nested)


@cache
def nested_in(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """The model's fields, each with the model of its values, if they have one."""
    return {
        name: next(_models_in(field.annotation), None) for name, field in model.model_fields.items()
    }


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _masked(model: type[BaseModel] | type[Event] | None, data: Mapping[str, Any]) -> dict[str, Any]:
    known = nested_in(model) if model is not None else {}
    shown: dict[str, Any] = {}
    for name, value in data.items():
        found = class_of(model.__name__, name) if model is not None and name in known else None
        if value is None:
            shown[_name(name, known)] = None
        elif found is not None and found not in SHOWN:
            shown[name] = HIDDEN
        elif (nested := known.get(name)) is not None:
            shown[name] = _nested(nested, value)
        else:
            shown[_name(name, known)] = _value(found, value)
    return shown


def _name(name: str, known: Mapping[str, Any]) -> str:
    """A field that nobody knows may have a person's data for a name."""
    return name if name in known or is_fact(name) else HIDDEN


def _nested(model: type[BaseModel], value: Any) -> Any:
    if isinstance(value, Mapping):
        return _masked(model, value)
    if isinstance(value, list | tuple):
        return [_nested(model, item) for item in value]
    return HIDDEN


def _value(found: FieldClass | None, value: Any) -> Any:
    if found is None:
        return HIDDEN
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if found is not FieldClass.FACT or is_fact(value) else HIDDEN
    if isinstance(value, list | tuple):
        return [_value(found, item) for item in value]
    if isinstance(value, Mapping):
        return {
            key if is_fact(str(key)) else HIDDEN: _value(found, it) for key, it in value.items()
        }
    return HIDDEN
