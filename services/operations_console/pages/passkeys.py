"""Passkeys: signing in with one, and the list of one's own.

Scripts are needed to make and to use one; without them, and everywhere else, the code remains. Whom
the provider vouches for has no account here, and so no passkeys.
"""

from __future__ import annotations

from datetime import datetime

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from services.operations_console.console import Console
from services.operations_console.pages.sign_in import FIRST, TRIES_FROM_ONE_CLIENT, ways_in
from services.operations_console.passkey_mail import ADDED, REMOVED
from shared.web.forms import Form, given
from shared.web.languages import N_, Formats
from shared.web.pages import NEXT, NotFound, Visit
from shared.web.passkeys import MOST_OF_ONE, NotVerified, Passkey, TooManyPasskeys
from shared.web.sessions import BY_PASSKEY, Operator
from shared.web.sign_in_mail import Words
from shared.web.staff import StaffAccount

ADDITIONS_OF_ONE: RateLimitItem = RateLimitItemPerHour(30)
ACT, OPTIONS = "act", "options"
JSON = "application/json"
NOT_ACCEPTED = N_("This passkey is not known here, or it has been removed. Ask for a code instead.")
NOT_MADE = N_("The passkey could not be verified, so it was not added. Please try again.")
TOO_MANY = N_("You have as many passkeys as one can have. Remove one that you no longer use.")


async def passkey(console: Console, visit: Visit) -> Response:
    """Gives out a challenge, and signs in the member of staff whose passkey answers it."""
    if visit.operator is not None:
        return visit.see(FIRST)
    if not visit.posted or not console.passkeys.party.is_possible:
        return visit.see("sign_in")
    form = given(await visit.form())
    await console.limits.spend(TRIES_FROM_ONE_CLIENT, "passkey-try", visit.client)
    if form[ACT] == OPTIONS:
        return Response(await console.passkeys.sign_in_options(visit.session.id), media_type=JSON)
    after = visit.safe_next(form[NEXT])
    account = await _owner(console, visit, form["response"])
    if account is None:
        kept = Form({NEXT: after or ""})
        return visit.show("sign_in.html", 422, form=kept, refused=NOT_ACCEPTED, **ways_in(console))
    visit.take(await console.sessions.sign_in_staff(visit.session, account.operator, BY_PASSKEY))
    return RedirectResponse(after or visit.url(FIRST), 303)


async def _owner(console: Console, visit: Visit, answer: str) -> StaffAccount | None:
    """Whose passkey answers, if the account is there still."""
    try:
        return await console.staff.of_id(await console.passkeys.verify(visit.session.id, answer))
    except NotVerified:
        return None


async def passkeys(console: Console, visit: Visit, operator: Operator) -> Response:
    """One's own passkeys, and a form that adds one."""
    account = await _account(console, operator)
    if not visit.posted:
        return await _show(console, visit, account, Form())
    form = given(await visit.form())
    await console.limits.spend(ADDITIONS_OF_ONE, "passkey-added", account.id)
    session = visit.session.id
    try:
        if form[ACT] == OPTIONS:
            options = await console.passkeys.registration_options(
                session, account.id, account.email
            )
            return Response(options, media_type=JSON)
        added = await console.passkeys.register(session, account.id, form["response"], form["name"])
    except TooManyPasskeys:
        form.add("name", TOO_MANY)
        return await _show(console, visit, account, form)
    except NotVerified:
        form.add("name", NOT_MADE)
        return await _show(console, visit, account, form)
    _tell(console, visit, account, ADDED, added, added.added_at)
    return visit.see("passkeys")


async def _show(console: Console, visit: Visit, account: StaffAccount, form: Form) -> Response:
    own = await console.passkeys.of(account.id)
    full, status = len(own) >= MOST_OF_ONE, 422 if form.faults else 200
    return visit.show("passkeys.html", status, form=form, passkeys=own, full=full)


async def passkey_removal(console: Console, visit: Visit, operator: Operator) -> Response:
    """Asks first. Raises `NotFound` for a passkey that is not one's own."""
    account = await _account(console, operator)
    kept = await console.passkeys.find(account.id, visit.parameter("passkey"))
    if kept is None:
        raise NotFound
    if not visit.posted:
        return visit.show("passkey_removal.html", passkey=kept)
    await visit.form()
    if await console.passkeys.remove(account.id, kept.id):
        _tell(console, visit, account, REMOVED, kept, console.now())
    return visit.see("passkeys")


async def _account(console: Console, operator: Operator) -> StaffAccount:
    found = await console.staff.of_id(operator.account) if operator.account else None
    if found is None or not console.passkeys.party.is_possible:
        raise NotFound
    return found


def _tell(
    console: Console,
    visit: Visit,
    account: StaffAccount,
    words: Words,
    passkey: Passkey,
    at: datetime,
) -> None:
    """So that somebody else's passkey does not go unnoticed."""
    said = {"name": passkey.name or "—", "at": Formats(visit.language).instant(at)}
    console.code_mails.tell(visit.language, account.email, words, said)
