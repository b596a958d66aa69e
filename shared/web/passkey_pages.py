"""The pages of passkeys, shared by all applications: signing in, and a person's own list.

Scripts are needed to make and to use one; without them, and everywhere else, the code remains.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from shared.events.values import Language
from shared.web.forms import Form, given
from shared.web.languages import N_, Formats
from shared.web.pages import NEXT, NotFound, Visit
from shared.web.passkeys import MOST_OF_ONE, NotVerified, Passkey, TooManyPasskeys
from shared.web.sessions import Session, SignIn
from shared.web.sign_in import TRIES_FROM_ONE_CLIENT, SignsIn, ways_in
from shared.web.sign_in_mail import Words

ADDITIONS_OF_ONE: RateLimitItem = RateLimitItemPerHour(30)
SIGNED_IN_WITHIN = timedelta(minutes=15)
"""Limit since sign-in for adding a passkey, so that an unattended browser cannot be abused."""
ACT, OPTIONS, AGAIN = "act", "options", "again"
JSON = "application/json"
NOT_ACCEPTED = N_("This passkey is not known here, or it has been removed. Ask for a code instead.")
NOT_MADE = N_("The passkey could not be verified, so it was not added. Please try again.")
NOT_LATELY = N_("You signed in more than 15 minutes ago. Sign in again, then add the passkey.")
TOO_MANY = N_("You have as many passkeys as one can have. Remove one that you no longer use.")


@dataclass(frozen=True, slots=True)
class PasskeyOwner:
    """The owner of passkeys, with the address and language for mails."""

    id: str
    address: str
    language: Language


async def sign_in(
    parts: SignsIn,
    visit: Visit,
    begin: Callable[[str, SignIn], Awaitable[Session | None]],
    first: str,
) -> Response:
    """Issues a challenge, signs the passkey's owner in and shows the page `first`.

    `begin` makes the session of an owner, by id; None for one that has no account any more.
    """
    if not visit.posted or not parts.passkeys.party.is_possible:
        return visit.see("sign_in")
    form = given(await visit.form())
    await parts.limits.spend(TRIES_FROM_ONE_CLIENT, "passkey-try", visit.client)
    if form[ACT] == OPTIONS:
        return Response(await parts.passkeys.sign_in_options(visit.session.id), media_type=JSON)
    after = visit.safe_next(form[NEXT])
    try:
        found = await parts.passkeys.verify(visit.session.id, form["response"])
        session = await begin(found.owner, found.by)
    except NotVerified:
        session = None
    if session is None:
        kept = Form({NEXT: after or ""})
        return visit.show("sign_in.html", 422, form=kept, refused=NOT_ACCEPTED, **ways_in(parts))
    visit.take(session)
    return RedirectResponse(after or visit.url(first), 303)


@dataclass(frozen=True, slots=True)
class PasskeyPages:
    """One's own passkeys: the mails that tell of them, and the pages `above`, by page and name."""

    added: Words
    removed: Words
    above: tuple[tuple[str, str], ...]

    async def listed(self, parts: SignsIn, visit: Visit, owner: PasskeyOwner) -> Response:
        """The owner's passkeys, and a form that adds one. Raises `NotFound` where none can be."""
        _check(parts)
        if not visit.posted:
            return await self._show(parts, visit, owner, Form())
        form = given(await visit.form())
        if form[ACT] == AGAIN:
            await parts.sessions.sign_out(visit.session)
            back = {NEXT: visit.url("passkeys")}
            return RedirectResponse(visit.url_with(visit.site.sign_in, back), 303)
        if not _signed_in_lately(parts, visit):
            form.add("name", NOT_LATELY)
            return await self._show(parts, visit, owner, form)
        await parts.limits.spend(ADDITIONS_OF_ONE, "passkey-added", owner.id)
        session, passkeys = visit.session, parts.passkeys
        try:
            if form[ACT] == OPTIONS:
                options = await passkeys.registration_options(session.id, owner.id, owner.address)
                return Response(options, media_type=JSON)
            answer, name = form["response"], form["name"]
            added = await passkeys.register(session.id, owner.id, answer, name, session.by.level)
        except TooManyPasskeys:
            form.add("name", TOO_MANY)
            return await self._show(parts, visit, owner, form)
        except NotVerified:
            form.add("name", NOT_MADE)
            return await self._show(parts, visit, owner, form)
        _tell(parts, owner, self.added, added, added.added_at)
        return visit.see("passkeys")

    async def removal(self, parts: SignsIn, visit: Visit, owner: PasskeyOwner) -> Response:
        """Ask first. Raises `NotFound` for a passkey that is not the owner's.

        Other browsers are signed out: one of them may have signed in with it.
        """
        _check(parts)
        kept = await parts.passkeys.find(owner.id, visit.parameter("passkey"))
        if kept is None:
            raise NotFound
        if not visit.posted:
            above = self._trail(visit)[-1:]
            return visit.show("passkey_removal.html", passkey=kept, above=above)
        await visit.form()
        if await parts.passkeys.remove(owner.id, kept.id):
            await parts.sessions.revoke_others(visit.session)
            _tell(parts, owner, self.removed, kept, parts.now())
        return visit.see("passkeys")

    async def _show(
        self, parts: SignsIn, visit: Visit, owner: PasskeyOwner, form: Form
    ) -> Response:
        own = await parts.passkeys.of(owner.id)
        return visit.show(
            "passkeys.html",
            422 if form.faults else 200,
            form=form,
            passkeys=own,
            full=len(own) >= MOST_OF_ONE,
            lately=_signed_in_lately(parts, visit),
            above=self._trail(visit),
        )

    def _trail(self, visit: Visit) -> list[tuple[str, str]]:
        return [(visit.url(page), visit.translate(name)) for page, name in self.above]


def _signed_in_lately(parts: SignsIn, visit: Visit) -> bool:
    at = visit.session.signed_in_at
    return at is not None and parts.now() - at <= SIGNED_IN_WITHIN


def _check(parts: SignsIn) -> None:
    if not parts.passkeys.party.is_possible:
        raise NotFound


def _tell(
    parts: SignsIn, owner: PasskeyOwner, words: Words, passkey: Passkey, at: datetime
) -> None:
    """Mails the owner, so that another person's passkey does not go unnoticed."""
    said = {"name": passkey.name or "—", "at": Formats(owner.language).instant(at)}
    parts.code_mails.tell(owner.language, owner.address, words, said)
