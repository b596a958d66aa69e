"""Passkeys: signing in with one, and the customer's own list of them."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from services.customer_portal.portal import Portal
from shared.events.values import Language
from shared.web import passkey_pages
from shared.web.languages import N_
from shared.web.pages import NotFound, Visit
from shared.web.passkey_pages import PasskeyOwner, PasskeyPages
from shared.web.sessions import Holder, Session, SignIn
from shared.web.sign_in_mail import PASSKEY_ADDED, PASSKEY_REMOVED

OWN = PasskeyPages(
    PASSKEY_ADDED,
    PASSKEY_REMOVED,
    above=(("account", N_("My account")), ("profile", N_("My details"))),
)


async def passkey(portal: Portal, visit: Visit) -> Response:
    if visit.holder is not None:
        return visit.see("inquiries")
    return await passkey_pages.sign_in(portal, visit, partial(_begin, portal, visit), "inquiries")


async def _begin(portal: Portal, visit: Visit, customer_id: str, by: SignIn) -> Session | None:
    """The session of the customer, if he is registered still."""
    holder = Holder(customer_id)
    if await portal.queries.is_forgotten(holder):
        await portal.passkeys.remove_all(customer_id)
        return None
    if await portal.queries.profile(holder) is None:
        return None
    return await portal.sessions.sign_in(visit.session, holder, by)


async def passkeys(portal: Portal, visit: Visit, holder: Holder) -> Response:
    return await OWN.listed(portal, visit, await _owner(portal, holder))


async def passkey_removal(portal: Portal, visit: Visit, holder: Holder) -> Response:
    return await OWN.removal(portal, visit, await _owner(portal, holder))


async def _owner(portal: Portal, holder: Holder) -> PasskeyOwner:
    profile = await portal.queries.profile(holder)
    if profile is None:
        raise NotFound
    language = Language(profile.get("language", Language.ES))
    return PasskeyOwner(holder.customer_id, str(profile["email"]), language)
