"""Signing in with a one-time code by mail, and out again.

A page says the same and takes as long whether or not an address is registered.
"""

from __future__ import annotations

from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.responses import RedirectResponse, Response

from services.customer_portal.pages.sent import masked
from services.customer_portal.portal import Portal
from shared.events.mail_address import address_key, mailable
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.openid import METHOD
from shared.web.pages import NEXT, Visit
from shared.web.sessions import Holder

CODES_TO_ONE_ADDRESS: RateLimitItem = RateLimitItemPerMinute(3, 15)
CODES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(30)
TRIES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(60)
NO_ADDRESS = N_("Write the e-mail address that you registered with")
WRONG_CODE = N_("This code is wrong, or it has been used or is too old. Ask for another one.")
NO_CODE = N_("Write the eight digits of the code")


async def sign_in(portal: Portal, visit: Visit) -> Response:
    """Asks for the address, and mails a code to it."""
    if visit.holder is not None:
        return visit.see("inquiries")
    if not visit.posted:
        form = Form({NEXT: visit.safe_next(visit.asked(NEXT)) or ""})
        return _show(portal, visit, form)
    form = given(await visit.form())
    address = form["email"].strip()
    if mailable(address) is None:
        form.add("email", NO_ADDRESS)
        return _show(portal, visit, form)
    await portal.limits.spend(CODES_FROM_ONE_CLIENT, "code-client", visit.client)
    await portal.limits.spend(CODES_TO_ONE_ADDRESS, "code-address", address_key(address))
    code = await portal.codes.issue(visit.session.visitor.key, address)
    found = await portal.queries.registered_under(address)
    if found:  # to the address as it was registered, not as somebody typed it
        portal.code_mails.send(visit.language, str(found[0]["email"]), code)
    after = visit.safe_next(form[NEXT]) or ""
    return RedirectResponse(visit.url_with("code", {NEXT: after}), 303)


def _show(portal: Portal, visit: Visit, form: Form) -> Response:
    return visit.show("sign_in.html", 422 if form.faults else 200, form=form, **ways_in(portal))


def ways_in(portal: Portal) -> dict[str, Any]:
    """The ways beside the code, as the page names them."""
    return {
        "passkeys": portal.passkeys.party.is_possible,
        "provider": portal.openid.name if portal.openid.is_set else None,
    }


async def code(portal: Portal, visit: Visit) -> Response:
    """Asks for the code, and signs in the customer who enters it."""
    if visit.holder is not None:
        return visit.see("inquiries")
    visitor = visit.session.visitor.key
    if not visit.posted:
        address = await portal.codes.address_of(visitor)
        if address is None:
            return visit.see("sign_in")
        form = Form({NEXT: visit.safe_next(visit.asked(NEXT)) or ""})
        return visit.show("code.html", form=form, address=masked(address))
    form = given(await visit.form())
    await portal.limits.spend(TRIES_FROM_ONE_CLIENT, "code-try", visit.client)
    address = await portal.codes.use(visitor, form["code"])
    accounts = await portal.queries.registered_under(address) if address else []
    if address is None or not accounts:
        form.add("code", WRONG_CODE if form["code"].strip() else NO_CODE)
        kept = await portal.codes.address_of(visitor)
        return visit.show("code.html", 422, form=form, address=masked(kept or ""))
    chosen = _chosen(accounts, form["customer_id"])
    if chosen is None:  # the code was right: another one, never mailed, says so for the choice
        form.values["code"] = await portal.codes.issue(visitor, address)
        return visit.show("accounts.html", form=form, accounts=accounts, to="code")
    before = visit.session
    visit.take(await portal.sessions.sign_in(before, Holder(chosen["customer_id"])))
    return RedirectResponse(visit.safe_next(form[NEXT]) or visit.url("inquiries"), 303)


def _chosen(accounts: list[Document], wanted: str) -> Document | None:
    """The one account of the address, or the one that was chosen of several."""
    if len(accounts) == 1:
        return accounts[0]
    return next((it for it in accounts if it["customer_id"] == wanted), None)


async def sign_out(portal: Portal, visit: Visit) -> Response:
    if visit.posted:
        await visit.form()
        session = visit.session
        await portal.sessions.sign_out(session)
        if session.by.method.startswith(METHOD) and portal.openid.is_set:
            return await _signed_out(portal, visit)
    return visit.see("home")


async def _signed_out(portal: Portal, visit: Visit) -> Response:
    """The provider may know the person still: it is left by a link of its own."""
    visit.session = await portal.sessions.read(visit.session.id, is_use=False)
    home = portal.settings.public_url + visit.url("home")
    address = await portal.openid.end_session_address(home)
    return visit.see("home") if address is None else visit.show("signed_out.html", address=address)
