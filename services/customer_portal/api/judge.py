"""Judges a partner's submission as intake will: every fault at once, by the models of the contract.

The desk answers later what only it can know (an inquiry's customer, a contract's cancellation);
until then the submission's status says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from services.customer_portal.api.http_events import HttpEvent, repeated
from services.customer_portal.api.partners import Partner
from services.customer_portal.api.problems import RequestRefused
from services.customer_portal.outbox import Named
from shared.events.choices import Channel
from shared.events.envelope import Fault
from shared.events.error_codes import ErrorCode, add_faults, code_of
from shared.events.limits import MAX_RECORD_BYTES, faults_of_size, soon_written
from shared.events.submissions import Submission
from shared.events.submitted import LONGEST_LANGUAGE
from shared.events.text import is_absent
from shared.events.topics import TOPICS
from shared.runtime.digests import digest_of, digests_of
from shared.runtime.json_object import NoObject, json_object
from shared.runtime.record_faults import withhold

TOPIC = TOPICS["desk.submissions"]
SUBMISSIONS: Mapping[str, type[Submission]] = {
    it.ce_type: it for it in TOPIC.events if issubclass(it, Submission)
}
OTHERS = {"ce_source": ErrorCode.SOURCE_NOT_ALLOWED, "customer_id": ErrorCode.NOT_ALLOWED}
"""Faults of a partner that writes for somebody whom it was not granted, or as somebody else."""


def judge(partner: Partner, received: HttpEvent) -> Named:
    """Validates a partner's submission and returns it in the contract's form.

    Raises `RequestRefused` with every fault: 403 if the partner lacks the permission, else 422.
    """
    attributes, faults = received.attributes, dict(received.faults)
    add_faults(faults, [_pair(fault) for fault, _words in attributes.faults()])
    ce_type, source = attributes.text("ce_type"), attributes.text("ce_source")
    if source and not partner.writes_as(source):
        add_faults(faults, [("ce_source", ErrorCode.SOURCE_NOT_ALLOWED)])
    model = SUBMISSIONS.get(ce_type or "")
    if ce_type and model is None:
        add_faults(faults, [("ce_type", ErrorCode.UNKNOWN_TYPE)])
    fields = _fields(received, faults)
    event = None if model is None else _event(partner, model, fields, faults)
    said_at = {"ce_time": attributes.time, "received_at": event.received_at if event else None}
    beyond = [name for name, at in said_at.items() if at is not None and not has_utc(at)]
    add_faults(faults, [(name, ErrorCode.WRONG_FORMAT) for name in beyond])
    if faults or event is None or attributes.identity is None:
        forbidden = any(faults.get(name) is code for name, code in OTHERS.items())
        raise RequestRefused(
            403 if forbidden else 422, "Every faulty field is in `errors`.", faults
        )
    own_source, own_id = attributes.identity
    return Named(
        sender=partner.sender,
        source=own_source,
        ce_id=own_id,
        type=event.ce_type,
        customer_id=event.customer_id,
        data=_said(event, fields),
        meaning=_meaning(event.ce_type, fields, received.data or b""),
        time=(attributes.time or event.received_at).astimezone(UTC),
        traceparent=attributes.traceparent,
    )


def has_utc(at: datetime) -> bool:
    """Whether the calendar has an instant in UTC, too: not so beside the years 1 and 9999."""
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _fields(received: HttpEvent, faults: dict[str, ErrorCode]) -> dict[str, Any]:
    if "data" in faults or "data_base64" in faults:
        return {}
    if len(received.data or b"") > MAX_RECORD_BYTES:
        faults["data"] = ErrorCode.TOO_LARGE
        return {}
    try:
        fields = json_object(received.data, halves=True)
    except NoObject as error:
        faults["data"] = ErrorCode(error.code)
        return {}
    add_faults(faults, [*repeated(received.data or b"").items()])
    return fields


def _event(
    partner: Partner,
    model: type[Submission],
    fields: dict[str, Any],
    faults: dict[str, ErrorCode],
) -> Submission | None:
    """The model's own judgement, and whether the partner may send it for this customer."""
    if "data" in faults:
        return None
    too_much = [_pair(it) for it in faults_of_size(fields, model.model_fields, TOPIC.most_items)]
    add_faults(faults, too_much)
    for path, _code in too_much:
        withhold(fields, path)
    event = None
    try:
        event = model.model_validate(fields)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False)
        add_faults(faults, [(".".join(map(str, it["loc"])), code_of(it)) for it in found])
    customer = event.customer_id if event else str(fields.get("customer_id", "")).strip()
    if "customer_id" not in faults and customer not in partner.customers:
        add_faults(faults, [("customer_id", ErrorCode.NOT_ALLOWED)])
    if "documents" not in faults and not is_absent(fields.get("documents")):
        # Whose they are and where they lie only the sender of their bytes could say.
        add_faults(faults, [("documents", ErrorCode.NOT_ALLOWED)])
    if "channel" not in faults and fields.get("channel") != Channel.PARTNER.value:
        add_faults(faults, [("channel", ErrorCode.NOT_ALLOWED)])
    return event


def _said(event: Submission, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Dumps only the fields that were sent: a default language must not change a profile.

    A language that the desk does not have is passed on as it is: the answer says so.
    """
    said = event.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    language = fields.get("language")
    if "language" in said and isinstance(language, str) and len(language) <= LONGEST_LANGUAGE:
        said["language"] = language
    return said


def _meaning(ce_type: str, fields: dict[str, Any], data: bytes) -> str:
    return digests_of(ce_type, fields)[1] if soon_written(fields) else digest_of(ce_type, data)


def _pair(fault: Fault) -> tuple[str, ErrorCode]:
    return fault.field, ErrorCode(fault.code)
