"""`/webhooks`: a partner says where it wants to hear of what, and looks at what was sent."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api.endpoints import Api, answered
from services.customer_portal.api.http_events import repeated
from services.customer_portal.api.judge import has_utc
from services.customer_portal.api.list_query import list_query
from services.customer_portal.api.partners import Partner
from services.customer_portal.api.problems import RequestRefused
from services.customer_portal.api.records import page_of
from services.customer_portal.api.webhooks.addresses import LONGEST_URL, is_allowed
from services.customer_portal.api.webhooks.payload import OFFERED
from services.customer_portal.api.webhooks.schedule import DeliveryState, Disabled
from services.customer_portal.api.webhooks.store import (
    ON_A_PAGE,
    Delivery,
    TooManyWebhooks,
    Webhook,
)
from shared.events.error_codes import ErrorCode, add_faults, code_of
from shared.events.values import Instant
from shared.web.pages import NotFound

FAULTS = "Every faulty field is in `errors`."
Asked = TypeVar("Asked", bound=BaseModel)


class NewWebhook(BaseModel):
    """`types` are event types of docs/events.md; without any, all that webhooks tell of."""

    url: str = Field(max_length=LONGEST_URL)
    types: tuple[str, ...] = Field((), max_length=100)


class Replay(BaseModel):
    """Selects what to resend: one delivery, or all since an instant."""

    delivery: str | None = None
    since: Instant | None = None


class Replayed(BaseModel):
    replayed: int


class WebhookState(BaseModel):
    """A webhook. `disabled` says why nothing is sent to it, `failing_since` since when it fails."""

    id: str
    url: str
    types: tuple[str, ...]
    created_at: datetime
    disabled: Disabled | None = None
    failing_since: datetime | None = None


class WebhookMade(WebhookState):
    """A new webhook and the secret of its signatures, which is not shown again."""

    secret: str


class WebhookList(BaseModel):
    items: list[WebhookState]


class Attempt(BaseModel):
    """One attempt: the status that was answered, or why there is none."""

    at: datetime
    took_ms: int
    status: int | None = None
    error: str | None = None


class DeliveryLog(BaseModel):
    """One message: `id` is its `webhook-id`. The last attempts, oldest first."""

    id: str
    type: str
    customer_id: str
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None = None
    attempts: tuple[Attempt, ...]


async def add(api: Api, partner: Partner, request: Request) -> Response:
    """Begin to tell a URL of events."""
    asked = await _asked(request, NewWebhook)
    faults: dict[str, ErrorCode] = {}
    if not is_allowed(asked.url, anywhere=api.settings.development_defaults):
        faults["url"] = ErrorCode.NOT_ALLOWED
    unknown = [number for number, it in enumerate(asked.types) if it not in OFFERED]
    faults |= {f"types.{number}": ErrorCode.UNKNOWN_TYPE for number in unknown}
    if faults:
        raise RequestRefused(422, "A webhook is a public HTTPS address and known types.", faults)
    try:
        made = await api.webhooks.add(partner.id, asked.url, asked.types)
    except TooManyWebhooks:
        raise RequestRefused(409, "There are as many webhooks as a partner may have.") from None
    state = WebhookMade(**_state(made).model_dump(), secret=made.secret)
    return answered(state, 201, {"Location": api.url(f"/webhooks/{made.id}")})


async def listed(api: Api, partner: Partner, _request: Request) -> Response:
    found = await api.webhooks.of_partner(partner.id)
    return answered(WebhookList(items=[_state(it) for it in found]))


async def shown(api: Api, partner: Partner, request: Request) -> Response:
    return answered(_state(await _own(api, partner, request)))


async def remove(api: Api, partner: Partner, request: Request) -> Response:
    """Forget it and what was to be sent to it."""
    await api.webhooks.remove(await _own(api, partner, request))
    return Response(status_code=204)


async def enable(api: Api, partner: Partner, request: Request) -> Response:
    """Send to it again, from now on."""
    webhook = await _own(api, partner, request)
    await api.webhooks.enable(webhook)
    return answered(_state(await _own(api, partner, request)))


async def deliveries(api: Api, partner: Partner, request: Request) -> Response:
    """Lists the webhook's deliveries, sent and waiting, newest first."""
    webhook = await _own(api, partner, request)
    asked = list_query(request, "state", [it.value for it in DeliveryState])
    found = await api.webhooks.log(webhook, asked.values, asked.first)
    told = [_delivery(it) for it in found[:ON_A_PAGE]]
    return answered(page_of(api, request, told, asked.first, more=len(found) > ON_A_PAGE))


async def replay(api: Api, partner: Partner, request: Request) -> Response:
    """Send again, under the same ids."""
    webhook = await _own(api, partner, request)
    asked = await _asked(request, Replay)
    if (asked.delivery is None) == (asked.since is None):
        raise RequestRefused(
            422, "Name one delivery, or a moment.", {"delivery": ErrorCode.MISSING}
        )
    if asked.since is not None and not has_utc(asked.since):
        raise RequestRefused(422, "There is no such moment.", {"since": ErrorCode.WRONG_FORMAT})
    if webhook.disabled is not None:
        raise RequestRefused(409, "The webhook is disabled; enable it first.")
    found = await api.webhooks.replay(webhook, delivery_id=asked.delivery, since=asked.since)
    if asked.delivery is not None and not found:
        raise NotFound
    return answered(Replayed(replayed=found), 202)


async def _own(api: Api, partner: Partner, request: Request) -> Webhook:
    return await api.webhooks.one(partner.id, request.path_params["id"])


async def _asked(request: Request, model: type[Asked]) -> Asked:
    """Raises `RequestRefused` with every fault."""
    body = await request.body()
    twice = repeated(body)
    if twice:
        raise RequestRefused(422, FAULTS, twice)
    try:
        return model.model_validate_json(body)
    except ValidationError as invalid:
        faults: dict[str, ErrorCode] = {}
        found = invalid.errors(include_url=False, include_context=False)
        add_faults(
            faults,
            [
                (".".join(map(str, it["loc"])) or "data", code_of(it))
                if it["type"] != "json_invalid"
                else ("data", ErrorCode.NOT_JSON)
                for it in found
            ],
        )
        raise RequestRefused(422, FAULTS, faults) from None


def _state(webhook: Webhook) -> WebhookState:
    return WebhookState(
        id=webhook.id,
        url=webhook.url,
        types=webhook.types,
        created_at=webhook.created_at,
        disabled=webhook.disabled,
        failing_since=webhook.failing_since,
    )


def _delivery(delivery: Delivery) -> DeliveryLog:
    waiting = delivery.state is DeliveryState.WAITING
    return DeliveryLog(
        id=delivery.id,
        type=delivery.type,
        customer_id=delivery.customer_id,
        state=delivery.state,
        created_at=delivery.at,
        next_attempt_at=delivery.due_at if waiting else None,
        attempts=tuple(Attempt.model_validate(it) for it in delivery.attempts),
    )
