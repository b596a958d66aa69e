"""Signing in with the OpenID Connect provider that the settings name, if they name one."""

from __future__ import annotations

from http import HTTPStatus

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from services.customer_portal.portal import Portal
from shared.events.mail_address import mailable
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.openid import Identity
from shared.web.openid_documents import ProviderFailed, Why
from shared.web.openid_failures import FAILED, FROM_ELSEWHERE
from shared.web.pages import NEXT, Visit
from shared.web.sessions import Holder, SignIn

JOURNEYS_OF_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(120)
LONGEST_ID = 200
NOT_REGISTERED = N_("The sign-in service knows you, but we find no registration of yours.")


async def provider(portal: Portal, visit: Visit) -> Response:
    """Sends the browser to the provider; another site cannot make it begin."""
    if not portal.openid.is_set:
        return visit.see("sign_in")
    if visit.holder is not None:
        return visit.see("inquiries")
    if visit.request.headers.get("sec-fetch-site") in FROM_ELSEWHERE:
        return visit.see("sign_in")
    await portal.limits.spend(JOURNEYS_OF_ONE_CLIENT, "provider", visit.client)
    visit.take(visit.session)  # who comes back is known by it
    back = portal.settings.public_url + visit.url("provider_return")
    after = visit.safe_next(visit.asked(NEXT)) or ""
    try:
        return RedirectResponse(await portal.openid.begin(visit.session.id, back, after), 303)
    except ProviderFailed as failed:
        return _failed(visit, failed.why)


async def provider_return(portal: Portal, visit: Visit) -> Response:
    """Signs in the customer whom the provider names, or lets choose one of several."""
    if not portal.openid.is_set:
        return visit.see("sign_in")
    if visit.holder is not None:
        return visit.see("inquiries")
    await portal.limits.spend(JOURNEYS_OF_ONE_CLIENT, "provider-return", visit.client)
    if visit.posted:
        return await _chosen(portal, visit)
    try:
        found = await portal.openid.finish(visit.session.id, visit.request.query_params)
    except ProviderFailed as failed:
        return _failed(visit, failed.why)
    accounts = await _accounts(portal, found)
    if not accounts:
        return visit.show("provider_failed.html", HTTPStatus.FORBIDDEN, words=NOT_REGISTERED)
    if len(accounts) == 1:
        return await _sign_in(portal, visit, accounts[0]["customer_id"], found.by, found.after)
    said = {"method": found.by.method, "level": found.by.level, "after": found.after}
    customers = [it["customer_id"] for it in accounts]
    token = await portal.openid.keep(visit.session.id, {**said, "customers": customers})
    form = Form({NEXT: found.after, "code": token})
    return visit.show("accounts.html", form=form, accounts=accounts, to="provider_return")


async def _chosen(portal: Portal, visit: Visit) -> Response:
    """One of the registrations that the provider's answer opened, and no other."""
    form = given(await visit.form())
    kept = await portal.openid.take(visit.session.id, form["code"])
    if kept is None or form["customer_id"] not in kept.get("customers", ()):
        return _failed(visit, Why.NOT_BEGUN_HERE)
    by = SignIn(kept["method"], kept["level"])
    return await _sign_in(portal, visit, form["customer_id"], by, kept["after"])


async def _accounts(portal: Portal, found: Identity) -> list[Document]:
    """Finds the accounts by the configured claim, or by the verified address."""
    claim = portal.settings.oidc_customer_claim
    if claim:
        named = found.claim(claim)
        if not isinstance(named, str) or not 0 < len(named) <= LONGEST_ID:
            return []
        profile = await portal.queries.profile(Holder(named))
        return [] if profile is None else [profile]
    address = found.verified_address
    if address is None or mailable(address) is None:
        return []
    return await portal.queries.registered_under(address)


async def _sign_in(
    portal: Portal, visit: Visit, customer_id: str, by: SignIn, after: str
) -> Response:
    visit.take(await portal.sessions.sign_in(visit.session, Holder(customer_id), by))
    return RedirectResponse(after or visit.url("inquiries"), 303)


def _failed(visit: Visit, why: Why) -> Response:
    status, words = FAILED[why]
    return visit.show("provider_failed.html", status, words=words)
