"""Makes the API's application: every endpoint behind its token, and every error a problem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from limits import RateLimitItemPerMinute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.customer_portal.api.endpoints import Api, Endpoint
from services.customer_portal.api.partners import Partner, Scope
from services.customer_portal.api.problems import RequestRefused, problem
from services.customer_portal.api.routes import ENDPOINTS, ROOT
from services.customer_portal.api.tokens import InvalidToken
from shared.events.limits import MAX_RECORD_BYTES
from shared.outage import Outage
from shared.web.middleware import BodyLimit
from shared.web.pages import NotFound
from shared.web.rate_limits import TooMany

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_BODY_BYTES = 2 * MAX_RECORD_BYTES
"""A record's data in base64, and its attributes."""
EXPECTED = (RequestRefused, NotFound, TooMany, Outage, HTTPException)


def api_app(api: Api) -> Starlette:
    def refusal(status: int) -> Response:
        return problem(RequestRefused(status, headers={"Connection": "close"}))

    limit = Middleware(
        BodyLimit,
        most_bytes=MOST_BODY_BYTES,
        large=partial(refusal, 413),
        slow=partial(refusal, 408),
    )
    return Starlette(
        routes=[
            Route(
                f"{ROOT}{it.path}", _answering(api, it), methods=[it.method], name=f"api.{it.name}"
            )
            for it in ENDPOINTS
        ],
        middleware=[limit],
        exception_handlers=dict.fromkeys((*EXPECTED, Exception), _failed),
    )


def _answering(api: Api, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    limit = RateLimitItemPerMinute(api.settings.api_requests_a_minute)

    async def answer(request: Request) -> Response:
        if endpoint.scope is None:
            return await endpoint.handler(api, request)
        partner = await _partner(api, request, endpoint.scope)
        await api.portal.limits.spend(limit, "api", partner.id)
        return await endpoint.handler(api, partner, request)

    return answer


async def _partner(api: Api, request: Request, scope: Scope) -> Partner:
    """Authenticates the partner and checks `scope`. Raises `RequestRefused`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RequestRefused(401, "An access token is needed.", headers=_challenge())
    try:
        claims = await api.tokens.read(token.strip())
    except InvalidToken:
        raise RequestRefused(
            401, "The token is not good.", headers=_challenge("invalid_token")
        ) from None
    known = await api.partners.known(claims.partner)
    if known is None:
        raise RequestRefused(401, "The token is not good.", headers=_challenge("invalid_token"))
    scopes = frozenset(it for it in known.scopes if it.value in claims.scopes)
    if scope not in scopes:
        missing = f'{_challenge("insufficient_scope")["WWW-Authenticate"]}, scope="{scope}"'
        raise RequestRefused(
            403, f"The token lacks {scope}.", headers={"WWW-Authenticate": missing}
        )
    return Partner(known.id, scopes, known.customers)


def _challenge(error: str = "") -> dict[str, str]:
    told = 'Bearer realm="/api/v1"' + (f', error="{error}"' if error else "")
    return {"WWW-Authenticate": told}


async def _failed(_request: Request, error: Exception) -> Response:
    match error:
        case RequestRefused():
            return problem(error)
        case NotFound():
            return problem(RequestRefused(404))
        case TooMany(retry_after):
            return problem(RequestRefused(429, headers={"Retry-After": str(retry_after)}))
        case Outage():
            log.warning("api failed", status=503, why=error.dependency)
            return problem(RequestRefused(503, headers={"Retry-After": "10"}))
        case HTTPException():
            return problem(RequestRefused(error.status_code, headers=dict(error.headers or {})))
        case _:
            log.warning("api failed", status=500, why=type(error).__name__)
            return problem(RequestRefused(500))
