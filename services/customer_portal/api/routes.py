"""Every endpoint of `/api/v1`."""

from __future__ import annotations

from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api import records, submissions, token
from services.customer_portal.api.answers import (
    AccessToken,
    Cancellation,
    Contract,
    Inquiry,
    InquiryWhole,
    Invoice,
    InvoiceWhole,
    Page,
    SubmissionState,
)
from services.customer_portal.api.endpoints import JSON, Api, Endpoint
from services.customer_portal.api.http_events import BINARY, STRUCTURED
from services.customer_portal.api.openapi import document_json
from services.customer_portal.api.partners import Scope
from services.customer_portal.api.webhooks import manage

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
OF_CUSTOMER = "/customers/{customer_id}"
FROM = {"from": "How many of the list to pass over; `next` says it."}


async def openapi(api: Api, _request: Request) -> Response:
    """The description of this API, which depends on no request."""
    return Response(description(api.settings.api_url), media_type=JSON)


@lru_cache(maxsize=2)
def description(url: str) -> str:
    return document_json(url, ENDPOINTS)


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
    Endpoint(
        "inquiries",
        "GET",
        f"{OF_CUSTOMER}/inquiries",
        Scope.READ,
        records.inquiries,
        "A customer's inquiries, newest first.",
        Page[Inquiry],
        query={"status": "Only `open`, `resolved` or `closed` ones."} | FROM,
        problems=(404,),
    ),
    Endpoint(
        "inquiry",
        "GET",
        f"{OF_CUSTOMER}/inquiries/{{id}}",
        Scope.READ,
        records.inquiry,
        "An inquiry with its conversation.",
        InquiryWhole,
        problems=(404,),
    ),
    Endpoint(
        "contracts",
        "GET",
        f"{OF_CUSTOMER}/contracts",
        Scope.READ,
        records.contracts,
        "The contracts of a customer with access to them, by number.",
        Page[Contract],
        query=FROM,
        problems=(404,),
    ),
    Endpoint(
        "contract",
        "GET",
        f"{OF_CUSTOMER}/contracts/{{number:path}}",
        Scope.READ,
        records.contract,
        "A contract of a customer with access.",
        Contract,
        problems=(404,),
    ),
    Endpoint(
        "cancellations",
        "GET",
        f"{OF_CUSTOMER}/cancellations",
        Scope.READ,
        records.cancellations,
        "What was asked, decided and stands about cancelling a customer's contracts.",
        Page[Cancellation],
        query=FROM,
        problems=(404,),
    ),
    Endpoint(
        "invoices",
        "GET",
        f"{OF_CUSTOMER}/invoices",
        Scope.READ,
        records.invoices,
        "A customer's invoices and credit notes, newest first.",
        Page[Invoice],
        query=FROM,
        problems=(404,),
    ),
    Endpoint(
        "invoice",
        "GET",
        f"{OF_CUSTOMER}/invoices/{{number:path}}",
        Scope.READ,
        records.invoice,
        "An invoice with its lines.",
        InvoiceWhole,
        problems=(404,),
    ),
    Endpoint(
        "add_webhook",
        "POST",
        "/webhooks",
        Scope.WEBHOOKS,
        manage.add,
        "Tell a URL of events; the answer has the secret of the signatures, once.",
        manage.WebhookMade,
        201,
        takes={JSON: manage.NewWebhook},
        problems=(409, 422),
    ),
    Endpoint(
        "webhooks",
        "GET",
        "/webhooks",
        Scope.WEBHOOKS,
        manage.listed,
        "The partner's webhooks.",
        manage.WebhookList,
    ),
    Endpoint(
        "webhook",
        "GET",
        "/webhooks/{id}",
        Scope.WEBHOOKS,
        manage.shown,
        "A webhook and whether it works.",
        manage.WebhookState,
        problems=(404,),
    ),
    Endpoint(
        "remove_webhook",
        "DELETE",
        "/webhooks/{id}",
        Scope.WEBHOOKS,
        manage.remove,
        "Forget a webhook, and what was to be sent to it.",
        status=204,
        problems=(404,),
    ),
    Endpoint(
        "enable_webhook",
        "POST",
        "/webhooks/{id}/enable",
        Scope.WEBHOOKS,
        manage.enable,
        "Send to a disabled webhook again.",
        manage.WebhookState,
        problems=(404,),
    ),
    Endpoint(
        "deliveries",
        "GET",
        "/webhooks/{id}/deliveries",
        Scope.WEBHOOKS,
        manage.deliveries,
        "What was sent to a webhook and is to be sent, newest first; kept for 30 days.",
        Page[manage.DeliveryLog],
        query={"state": "Only deliveries in this state."} | FROM,
        problems=(404,),
    ),
    Endpoint(
        "replay",
        "POST",
        "/webhooks/{id}/replay",
        Scope.WEBHOOKS,
        manage.replay,
        "Send one delivery again, or all since a moment, under the same ids.",
        manage.Replayed,
        202,
        takes={JSON: manage.Replay},
        problems=(404, 409, 422),
    ),
)
