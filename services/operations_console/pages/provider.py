"""Signing in with the OpenID Connect provider, which names the roles in a claim."""

from __future__ import annotations

from http import HTTPStatus

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from services.operations_console.console import Console
from services.operations_console.pages.sign_in import FIRST
from shared.web.languages import N_
from shared.web.openid import Identity
from shared.web.openid_documents import ProviderFailed
from shared.web.openid_failures import FAILED, FROM_ELSEWHERE
from shared.web.pages import NEXT, Visit
from shared.web.sessions import Operator
from shared.web.staff import roles_named

JOURNEYS_OF_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(120)
LONGEST_NAME = 200
NO_ROLE = N_("The sign-in service knows you, but names no role of yours here.")


async def provider(console: Console, visit: Visit) -> Response:
    """Sends the browser to the provider; another site cannot make it begin."""
    if visit.operator is not None:
        return visit.see(FIRST)
    from_elsewhere = visit.request.headers.get("sec-fetch-site") in FROM_ELSEWHERE
    if not console.openid.is_set or from_elsewhere:
        return visit.see("sign_in")
    await console.limits.spend(JOURNEYS_OF_ONE_CLIENT, "provider", visit.client)
    visit.take(visit.session)  # who comes back is known by it
    back = console.settings.public_url + visit.url("provider_return")
    after = visit.safe_next(visit.asked(NEXT)) or ""
    try:
        return RedirectResponse(await console.openid.begin(visit.session.id, back, after), 303)
    except ProviderFailed as failed:
        return _failed(visit, *FAILED[failed.why])


async def provider_return(console: Console, visit: Visit) -> Response:
    """Signs in whom the provider gives a role."""
    if visit.operator is not None:
        return visit.see(FIRST)
    if not console.openid.is_set:
        return visit.see("sign_in")
    await console.limits.spend(JOURNEYS_OF_ONE_CLIENT, "provider-return", visit.client)
    try:
        found = await console.openid.finish(visit.session.id, visit.request.query_params)
    except ProviderFailed as failed:
        return _failed(visit, *FAILED[failed.why])
    roles = roles_named(found.claim(console.settings.oidc_roles_claim))
    if not roles:
        return _failed(visit, HTTPStatus.FORBIDDEN, NO_ROLE)
    operator = Operator(_name(found), roles)
    visit.take(await console.sessions.sign_in_staff(visit.session, operator, found.by))
    return RedirectResponse(found.after or visit.url(FIRST), 303)


def _name(found: Identity) -> str:
    """The verified address, or the provider's own id; neither can be an account's name.

    It stands in the audit and in terminals, on one line.
    """
    named = found.verified_address or f"provider:{found.claims['sub']}"
    return "".join(it for it in named if it.isprintable())[:LONGEST_NAME]


def _failed(visit: Visit, status: HTTPStatus, words: str) -> Response:
    return visit.show("provider_failed.html", status, words=words)
