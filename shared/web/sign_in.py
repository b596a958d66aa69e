"""The sign-in pages of every application: a code by mail, and the alternatives to it.

A page says the same and takes as long whether or not an address is one of an account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.responses import RedirectResponse, Response

from shared.events.mail_address import address_key, mailable
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.one_time_codes import OneTimeCodes
from shared.web.openid import METHOD, OpenId
from shared.web.pages import NEXT, Visit
from shared.web.passkeys import Passkeys
from shared.web.rate_limits import RateLimits
from shared.web.sessions import Sessions
from shared.web.sign_in_mail import CodeMails

CODES_TO_ONE_ADDRESS: RateLimitItem = RateLimitItemPerMinute(3, 15)
CODES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(30)
TRIES_FROM_ONE_CLIENT: RateLimitItem = RateLimitItemPerHour(60)
WRONG_CODE = N_("This code is wrong, or it has been used or is too old. Ask for another one.")
NO_CODE = N_("Write the eight digits of the code")


class SignsIn(Protocol):
    """The parts of an application that signs people in."""

    @property
    def limits(self) -> RateLimits: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def codes(self) -> OneTimeCodes: ...
    @property
    def code_mails(self) -> CodeMails: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def openid(self) -> OpenId: ...
    @property
    def now(self) -> Callable[[], datetime]: ...


def ways_in(parts: SignsIn) -> dict[str, Any]:
    """The ways beside the code, as the page names them."""
    return {
        "passkeys": parts.passkeys.party.is_possible,
        "provider": parts.openid.name if parts.openid.is_set else None,
    }


async def mail_code(
    parts: SignsIn,
    visit: Visit,
    account_address: Callable[[str], Awaitable[str | None]],
    no_address: str,
) -> Response:
    """Ask for an address, and mail a code to that of the account, not as somebody typed it.

    `account_address` tells the address of the account that a typed one is of, None of no account.
    """
    if not visit.posted:
        return _show(parts, visit, Form({NEXT: visit.safe_next(visit.asked(NEXT)) or ""}))
    form = given(await visit.form())
    address = form["email"].strip()
    if mailable(address) is None:
        form.add("email", no_address)
        return _show(parts, visit, form)
    await parts.limits.spend(CODES_FROM_ONE_CLIENT, "code-client", visit.client)
    await parts.limits.spend(CODES_TO_ONE_ADDRESS, "code-address", address_key(address))
    code = await parts.codes.issue(visit.session.visitor.key, address)
    known = await account_address(address)
    if known is not None:
        parts.code_mails.send(visit.language, known, code)
    after = visit.safe_next(form[NEXT]) or ""
    return RedirectResponse(visit.url_with("code", {NEXT: after}), 303)


async def leave_provider(parts: SignsIn, visit: Visit, public_url: str, to: str) -> Response:
    """Shows the page `to` once the session has ended.

    A provider may know the person still. It is left by a link of its own, since browsers let no
    form of ours lead to another site (`form-action`).
    """
    was = visit.session
    visit.session = await parts.sessions.read(was.id, is_use=False)
    if not was.by.method.startswith(METHOD) or not parts.openid.is_set:
        return visit.see(to)
    address = await parts.openid.end_session_address(public_url + visit.url("home"))
    return visit.see(to) if address is None else visit.show("signed_out.html", address=address)


def _show(parts: SignsIn, visit: Visit, form: Form) -> Response:
    return visit.show("sign_in.html", 422 if form.faults else 200, form=form, **ways_in(parts))
