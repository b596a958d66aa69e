"""Signing in with a one-time code by mail, and out again.

A page says the same and takes as long whether or not an address is one of an account.
"""

from __future__ import annotations

from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.responses import RedirectResponse, Response

from services.operations_console.console import Console
from shared.events.mail_address import address_key, mailable
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.openid import METHOD
from shared.web.pages import NEXT, Visit
from shared.web.sessions import BY_CODE

CODES_TO_ONE_ADDRESS: RateLimitItem = RateLimitItemPerMinute(3, 15)
CODES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(30)
TRIES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(60)
NO_ADDRESS = N_("Write the e-mail address of your account")
WRONG_CODE = N_("This code is wrong, or it has been used or is too old. Ask for another one.")
NO_CODE = N_("Write the eight digits of the code")
FIRST = "cases"
"""The page after signing in."""


async def home(_console: Console, visit: Visit) -> Response:
    return visit.see(FIRST if visit.operator is not None else "sign_in")


async def sign_in(console: Console, visit: Visit) -> Response:
    """Asks for the address, and mails a code to it."""
    if visit.operator is not None:
        return visit.see(FIRST)
    if not visit.posted:
        return _show(console, visit, Form({NEXT: visit.safe_next(visit.asked(NEXT)) or ""}))
    form = given(await visit.form())
    address = form["email"].strip()
    if mailable(address) is None:
        form.add("email", NO_ADDRESS)
        return _show(console, visit, form)
    await console.limits.spend(CODES_FROM_ONE_CLIENT, "code-client", visit.client)
    await console.limits.spend(CODES_TO_ONE_ADDRESS, "code-address", address_key(address))
    code = await console.codes.issue(visit.session.visitor.key, address)
    account = await console.staff.of_address(address)
    if account is not None:  # to the address of the account, not as somebody typed it
        console.code_mails.send(visit.language, account.email, code)
    after = visit.safe_next(form[NEXT]) or ""
    return RedirectResponse(visit.url_with("code", {NEXT: after}), 303)


def _show(console: Console, visit: Visit, form: Form) -> Response:
    return visit.show("sign_in.html", 422 if form.faults else 200, form=form, **ways_in(console))


def ways_in(console: Console) -> dict[str, Any]:
    """The ways beside the code, as the page names them."""
    return {
        "passkeys": console.passkeys.party.is_possible,
        "provider": console.openid.name if console.openid.is_set else None,
    }


async def code(console: Console, visit: Visit) -> Response:
    """Asks for the code, and signs in the member of staff who enters it."""
    if visit.operator is not None:
        return visit.see(FIRST)
    visitor = visit.session.visitor.key
    if not visit.posted:
        if await console.codes.address_of(visitor) is None:
            return visit.see("sign_in")
        form = Form({NEXT: visit.safe_next(visit.asked(NEXT)) or ""})
        return visit.show("code.html", form=form)
    form = given(await visit.form())
    await console.limits.spend(TRIES_FROM_ONE_CLIENT, "code-try", visit.client)
    address = await console.codes.use(visitor, form["code"])
    account = await console.staff.of_address(address) if address else None
    if account is None:
        form.add("code", WRONG_CODE if form["code"].strip() else NO_CODE)
        return visit.show("code.html", 422, form=form)
    visit.take(await console.sessions.sign_in_staff(visit.session, account.operator, BY_CODE))
    return RedirectResponse(visit.safe_next(form[NEXT]) or visit.url(FIRST), 303)


async def sign_out(console: Console, visit: Visit) -> Response:
    if not visit.posted:
        return visit.see("home")
    await visit.form()
    by = visit.session.by
    await console.sessions.sign_out(visit.session)
    if not by.method.startswith(METHOD) or not console.openid.is_set:
        return visit.see("sign_in")
    home_page = console.settings.public_url + visit.url("home")
    address = await console.openid.end_session_address(home_page)
    return visit.see("sign_in") if address is None else RedirectResponse(address, 303)
