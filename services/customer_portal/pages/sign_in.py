"""Signing in with a one-time code by mail, and out again.

A page says the same and takes as long whether or not an address is registered.
"""

from __future__ import annotations

from functools import partial

from starlette.responses import RedirectResponse, Response

from services.customer_portal.pages.sent import masked
from services.customer_portal.portal import Portal
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.pages import NEXT, Visit
from shared.web.sessions import Holder
from shared.web.sign_in import NO_CODE, TRIES_FROM_ONE_CLIENT, WRONG_CODE, leave_provider, mail_code

NO_ADDRESS = N_("Write the e-mail address that you registered with")


async def sign_in(portal: Portal, visit: Visit) -> Response:
    """Asks for the address, and mails a code to it."""
    if visit.holder is not None:
        return visit.see("inquiries")
    return await mail_code(portal, visit, partial(_registered, portal), NO_ADDRESS)


async def _registered(portal: Portal, address: str) -> str | None:
    found = await portal.queries.registered_under(address)
    return str(found[0]["email"]) if found else None


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
    """Ends this session, or all of the customer's."""
    if visit.posted:
        form, session = given(await visit.form()), visit.session
        if form["everywhere"] and session.holder is not None:
            await portal.sessions.revoke_all(session.holder)
        await portal.sessions.sign_out(session)
        return await leave_provider(portal, visit, portal.settings.public_url, "home")
    return visit.see("home")
