"""Signing in with a one-time code by mail, and out again.

A page says the same and takes as long whether or not an address is one of an account.
"""

from __future__ import annotations

from functools import partial

from starlette.responses import RedirectResponse, Response

from services.operations_console.console import Console
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.pages import NEXT, Visit
from shared.web.sessions import BY_CODE
from shared.web.sign_in import NO_CODE, TRIES_FROM_ONE_CLIENT, WRONG_CODE, leave_provider, mail_code

NO_ADDRESS = N_("Write the e-mail address of your account")
FIRST = "overview"
"""The page after signing in."""


async def home(_console: Console, visit: Visit) -> Response:
    return visit.see(FIRST if visit.operator is not None else "sign_in")


async def sign_in(console: Console, visit: Visit) -> Response:
    """Asks for the address, and mails a code to it."""
    if visit.operator is not None:
        return visit.see(FIRST)
    return await mail_code(console, visit, partial(_of_account, console), NO_ADDRESS)


async def _of_account(console: Console, address: str) -> str | None:
    account = await console.staff.of_address(address)
    return None if account is None else account.email


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
    await console.sessions.sign_out(visit.session)
    return await leave_provider(console, visit, console.settings.public_url, "sign_in")
