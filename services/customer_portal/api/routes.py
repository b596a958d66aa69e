"""Every endpoint of `/api/v1`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api import submissions, token
from services.customer_portal.api.answers import AccessToken, SubmissionState
from services.customer_portal.api.endpoints import JSON, Api, Endpoint
from services.customer_portal.api.http_events import BINARY, STRUCTURED
from services.customer_portal.api.partners import Scope

ROOT = "/api/v1"
SENDS = {
    "ce-id": "The submission's id: with `ce-source` it makes the submission idempotent.",
    "ce-source": "`/channels/partners/<client_id>`, or an address below it.",
    "ce-type": "The type of submission.",
    "ce-specversion": "`1.0`.",
    "ce-time": "When it was said (RFC 3339).",
    "traceparent": "W3C Trace Context.",
}
"""Headers of binary mode; the first four are needed there."""


async def openapi(api: Api, _request: Request) -> Response:
    """The description of this API, which depends on no request."""
    from services.customer_portal.api.openapi import document_json  # it reads this table

    return Response(document_json(api.settings.api_url), media_type=JSON)


ENDPOINTS = (
    Endpoint(
        "token",
        "POST",
        "/token",
        None,
        token.token,
        "An access token for client credentials.",
        AccessToken,
        takes={token.FORM: "token"},
        problems=(400, 401),
    ),
    Endpoint(
        "openapi", "GET", "/openapi.json", None, openapi, "This description.", dict[str, object]
    ),
    Endpoint(
        "submit",
        "POST",
        "/submissions",
        Scope.WRITE,
        submissions.submit,
        "Send a submission to the desk. The same one again is answered alike.",
        SubmissionState,
        202,
        takes={BINARY: "data", STRUCTURED: "event"},
        headers=SENDS,
        problems=(409, 413, 415, 422),
    ),
    Endpoint(
        "submission",
        "GET",
        "/submissions/{id}",
        Scope.WRITE,
        submissions.submission,
        "How far a submission is.",
        SubmissionState,
        problems=(404,),
    ),
)
