"""`/token`: client credentials for an access token (RFC 6749, 4.4)."""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

from limits import RateLimitItem, RateLimitItemPerMinute
from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api.answers import AccessToken, TokenError
from services.customer_portal.api.endpoints import Api, answered
from services.customer_portal.api.partners import Scope
from shared.runtime.url_encoded import url_encoded
from shared.web.pages import network

TRIES_A_MINUTE: RateLimitItem = RateLimitItemPerMinute(60)
"""From one address, right or wrong: a token is good for minutes."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="/api/v1"'}
FORM = "application/x-www-form-urlencoded"


async def token(api: Api, request: Request) -> Response:
    """Raises `TooMany`, `Outage`."""
    await api.portal.limits.spend(TRIES_A_MINUTE, "token", _client(request))
    if api.issuer is None:
        return _refused("unsupported_grant_type", "Tokens are issued by the desk's provider.")
    try:
        fields = url_encoded(await request.body())
    except ValueError:
        return _refused("invalid_request", "The body is not a URL-encoded form.")
    form = dict(fields)
    if len(form) != len(fields):
        return _refused("invalid_request", "A parameter is there twice.")
    given = _credentials(request.headers.get("authorization", ""), form)
    if given is None:
        return _refused("invalid_client", "Say who you are, in one way alone.", 401)
    partner = await api.partners.authenticated(*given)
    if partner is None:
        return _refused("invalid_client", "Unknown, revoked, or another secret.", 401)
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "Send grant_type=client_credentials.")
    wanted = form.get("scope", "").split() or sorted(partner.scopes)
    if not set(wanted) <= partner.scopes:
        return _refused("invalid_scope", f"You may have: {' '.join(sorted(partner.scopes))}")
    scopes = [Scope(it) for it in sorted(set(wanted))]
    issued = AccessToken(
        access_token=api.issuer.issue(partner.id, scopes),
        expires_in=int(api.issuer.life.total_seconds()),
        scope=" ".join(scopes),
    )
    return answered(issued, headers={"Cache-Control": "no-store"})


def _credentials(header: str, form: dict[str, str]) -> tuple[str, str] | None:
    """Reads the client's credentials from the header or the form, never both (RFC 6749, 2.3)."""
    in_form = "client_id" in form and "client_secret" in form
    if not header:
        return (form["client_id"], form["client_secret"]) if in_form else None
    scheme, _, encoded = header.partition(" ")
    if in_form or scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text
        return None
    return (unquote_plus(name), unquote_plus(secret)) if colon else None


def _refused(error: str, why: str, status: int = 400) -> Response:
    told = TokenError(error=error, error_description=why)
    return answered(told, status, CHALLENGE if status == 401 else None)


def _client(request: Request) -> str:
    return network(request.client.host) if request.client else ""
