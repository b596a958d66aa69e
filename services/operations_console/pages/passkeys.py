"""Passkeys: signing in with one, and the list of one's own.

Whom the provider vouches for has no account here, and so no passkeys.
"""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from services.operations_console.console import Console
from services.operations_console.pages.sign_in import FIRST
from services.operations_console.passkey_mail import ADDED, REMOVED
from shared.web import passkey_pages
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit
from shared.web.passkey_pages import PasskeyOwner, PasskeyPages
from shared.web.sessions import Operator, Session, SignIn

OWN = PasskeyPages(ADDED, REMOVED, above=((FIRST, N_("Overview")),))


async def passkey(console: Console, visit: Visit) -> Response:
    if visit.operator is not None:
        return visit.see(FIRST)
    return await passkey_pages.sign_in(console, visit, partial(_begin, console, visit), FIRST)


async def _begin(console: Console, visit: Visit, account_id: str, by: SignIn) -> Session | None:
    """The session of the member of staff, if the account is there still."""
    account = await console.staff.of_id(account_id)
    if account is None:
        return None
    return await console.sessions.sign_in_staff(visit.session, account.operator, by)


async def passkeys(console: Console, visit: Visit, operator: Operator) -> Response:
    return await OWN.listed(console, visit, await _owner(console, visit, operator))


async def passkey_removal(console: Console, visit: Visit, operator: Operator) -> Response:
    return await OWN.removal(console, visit, await _owner(console, visit, operator))


async def _owner(console: Console, visit: Visit, operator: Operator) -> PasskeyOwner:
    found = await console.staff.of_id(operator.account) if operator.account else None
    if found is None:
        raise NotFound
    return PasskeyOwner(found.id, found.email, visit.language)
