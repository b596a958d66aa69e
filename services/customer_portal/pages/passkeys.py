"""Passkeys: signing in with one, and the customer's own list of them.

Scripts are needed to make and to use one; without them, and everywhere else, the code remains.
"""

from __future__ import annotations

from datetime import datetime

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from services.customer_portal.pages.sign_in import TRIES_FROM_ONE_CLIENT, ways_in
from services.customer_portal.portal import Portal
from shared.events.values import Language
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_, Formats
from shared.web.pages import NEXT, NotFound, Visit
from shared.web.passkeys import MOST_OF_ONE, NotVerified, Passkey, TooManyPasskeys
from shared.web.sessions import BY_PASSKEY, Holder
from shared.web.sign_in_mail import PASSKEY_ADDED, PASSKEY_REMOVED, Words

ADDITIONS_OF_ONE: RateLimitItem = RateLimitItemPerHour(30)
ACT, OPTIONS = "act", "options"
JSON = "application/json"
NOT_ACCEPTED = N_("This passkey is not known here, or it has been removed. Ask for a code instead.")
NOT_MADE = N_("The passkey could not be verified, so it was not added. Please try again.")
TOO_MANY = N_("You have as many passkeys as one can have. Remove one that you no longer use.")


async def passkey(portal: Portal, visit: Visit) -> Response:
    """Gives out a challenge, and signs in the customer whose passkey answers it."""
    if visit.holder is not None:
        return visit.see("inquiries")
    if not visit.posted or not portal.passkeys.party.is_possible:
        return visit.see("sign_in")
    form = given(await visit.form())
    await portal.limits.spend(TRIES_FROM_ONE_CLIENT, "passkey-try", visit.client)
    if form[ACT] == OPTIONS:
        return Response(await portal.passkeys.sign_in_options(visit.session.id), media_type=JSON)
    after = visit.safe_next(form[NEXT])
    holder = await _owner(portal, visit, form["response"])
    if holder is None:
        kept = Form({NEXT: after or ""})
        return visit.show("sign_in.html", 422, form=kept, refused=NOT_ACCEPTED, **ways_in(portal))
    visit.take(await portal.sessions.sign_in(visit.session, holder, BY_PASSKEY))
    return RedirectResponse(after or visit.url("inquiries"), 303)


async def _owner(portal: Portal, visit: Visit, answer: str) -> Holder | None:
    """Whose passkey answers, if he is registered still."""
    try:
        holder = Holder(await portal.passkeys.verify(visit.session.id, answer))
    except NotVerified:
        return None
    if await portal.queries.is_forgotten(holder):
        await portal.passkeys.remove_all(holder.customer_id)
        return None
    return holder if await portal.queries.profile(holder) is not None else None


async def passkeys(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """The customer's passkeys, and a form that adds one."""
    profile = await _profile(portal, holder)
    if not visit.posted:
        return await _show(portal, visit, holder, Form())
    form = given(await visit.form())
    await portal.limits.spend(ADDITIONS_OF_ONE, "passkey-added", holder.customer_id)
    session, owner = visit.session.id, holder.customer_id
    try:
        if form[ACT] == OPTIONS:
            person = str(profile["email"])
            options = await portal.passkeys.registration_options(session, owner, person)
            return Response(options, media_type=JSON)
        added = await portal.passkeys.register(session, owner, form["response"], form["name"])
    except TooManyPasskeys:
        form.add("name", TOO_MANY)
        return await _show(portal, visit, holder, form)
    except NotVerified:
        form.add("name", NOT_MADE)
        return await _show(portal, visit, holder, form)
    _tell(portal, profile, PASSKEY_ADDED, added, added.added_at)
    return visit.see("passkeys")


async def _show(portal: Portal, visit: Visit, holder: Holder, form: Form) -> Response:
    own = await portal.passkeys.of(holder.customer_id)
    return visit.show(
        "passkeys.html",
        422 if form.faults else 200,
        form=form,
        passkeys=own,
        full=len(own) >= MOST_OF_ONE,
    )


async def passkey_removal(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Asks first. Raises `NotFound` for a passkey that is not the customer's."""
    profile = await _profile(portal, holder)
    kept = await portal.passkeys.find(holder.customer_id, visit.parameter("passkey"))
    if kept is None:
        raise NotFound
    if not visit.posted:
        return visit.show("passkey_removal.html", passkey=kept)
    await visit.form()
    if await portal.passkeys.remove(holder.customer_id, kept.id):
        _tell(portal, profile, PASSKEY_REMOVED, kept, portal.now())
    return visit.see("passkeys")


async def _profile(portal: Portal, holder: Holder) -> Document:
    found = await portal.queries.profile(holder)
    if found is None or not portal.passkeys.party.is_possible:
        raise NotFound
    return found


def _tell(portal: Portal, profile: Document, words: Words, passkey: Passkey, at: datetime) -> None:
    """So that somebody else's passkey does not go unnoticed."""
    language = Language(profile.get("language", Language.ES))
    said = {"name": passkey.name or "—", "at": Formats(language).instant(at)}
    portal.code_mails.tell(language, str(profile["email"]), words, said)
