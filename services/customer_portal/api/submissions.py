"""`/submissions`: a partner sends an event and follows what becomes of it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api import http_events
from services.customer_portal.api.answers import InquiryLink, SubmissionState, SubmissionStatus
from services.customer_portal.api.endpoints import Api, answered
from services.customer_portal.api.judge import judge
from services.customer_portal.api.partners import Partner
from services.customer_portal.api.problems import RequestRefused
from services.customer_portal.outbox import AlreadySent, Sent
from services.customer_portal.words import status_of
from shared.events.error_codes import ErrorCode
from shared.events.values import FieldError
from shared.mongo.client import Document

ID_REUSED = "Another submission was sent under this ce_source and ce_id; it stands."


async def submit(api: Api, partner: Partner, request: Request) -> Response:
    """Keep and publish an event; the same event again is answered alike."""
    received = http_events.read(request.headers.raw, await request.body())
    named = judge(partner, received)
    try:
        await api.portal.outbox.submit_named(named)
    except AlreadySent:
        raise RequestRefused(409, ID_REUSED, {"ce_id": ErrorCode.ID_REUSED}) from None
    found = await _state(api, partner, named.id)
    return answered(found, 202, {"Location": found.status_url})


async def submission(api: Api, partner: Partner, request: Request) -> Response:
    """How far a submission is. Raises `NotFound` for another partner's."""
    return answered(await _state(api, partner, request.path_params["id"]))


async def _state(api: Api, partner: Partner, submission_id: str) -> SubmissionState:
    sent = await api.portal.outbox.read_named(submission_id, partner.sender)
    partner.holder(sent.customer_id)
    found = await api.portal.queries.answer(submission_id)
    assert sent.name is not None
    errors = found.get("rejected")
    inquiry = None if errors else await _inquiry(api, found)
    return SubmissionState(
        id=sent.id,
        status=_status(sent, errors, inquiry),
        status_url=api.url(f"/submissions/{sent.id}"),
        ce_source=sent.name[0],
        ce_id=sent.name[1],
        type=sent.type,
        customer_id=sent.customer_id,
        accepted_at=sent.at,
        inquiry=inquiry,
        errors=tuple(FieldError.model_validate(it) for it in errors) if errors else None,
    )


def _status(sent: Sent, errors: Any, inquiry: InquiryLink | None) -> SubmissionStatus:
    """Derives the status; an answer of the desk outweighs our own note, as it proves receipt."""
    if errors:
        return SubmissionStatus.REJECTED
    if inquiry is not None:
        return SubmissionStatus.RECEIVED
    return SubmissionStatus.SENDING if sent.sending else SubmissionStatus.SENT


async def _inquiry(api: Api, found: Document) -> InquiryLink | None:
    """The submission's own inquiry, or the one that a follow-up continues."""
    if found.get("answers"):
        found = await api.portal.queries.answer(str(found["answers"]))
    if not found.get("customer_id"):
        return None
    inquiry_id = str(found["_id"])
    return InquiryLink(
        id=inquiry_id,
        reference=found.get("reference") or found.get("stated", {}).get("reference"),
        status=status_of(found),
        url=api.url(f"/customers/{found['customer_id']}/inquiries/{inquiry_id}"),
    )
