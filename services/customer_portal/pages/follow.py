"""Following an inquiry by its reference, without an account (F4).

Who can read the mail of the inquiry's contact may see how far it is, and nothing of what is in it.
A page says the same whether or not there is such an inquiry.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.customer_portal.follow_mail import FOLLOW
from services.customer_portal.pages.sent import masked
from services.customer_portal.portal import Portal
from services.customer_portal.words import KIND, STATUS, WHO, status_of
from shared.events.mail_address import address_key, mailable
from shared.events.reference import parse_reference
from shared.events.text import is_blank
from shared.mongo.client import Document
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import key_of
from shared.web.sign_in import (
    CODES_FROM_ONE_CLIENT,
    CODES_TO_ONE_ADDRESS,
    NO_CODE,
    TRIES_FROM_ONE_CLIENT,
    WRONG_CODE,
)

LONGEST = 64
NO_REFERENCE = N_("Write the reference, such as INQ-8F78J-XE4V0-Q")
NO_ADDRESS = N_("Write the e-mail address that you gave with the inquiry")


async def follow(portal: Portal, visit: Visit) -> Response:
    """Asks for reference and address, and mails a code to that address if both belong together."""
    if not visit.posted:
        return visit.show("follow.html", form=Form())
    form = given(await visit.form())
    typed, address = form["reference"].strip(), form["email"].strip()
    if is_blank(typed) or len(typed) > LONGEST:
        form.add("reference", NO_REFERENCE)
    if mailable(address) is None:
        form.add("email", NO_ADDRESS)
    if form.faults:
        return visit.show("follow.html", 422, form=form)
    await portal.limits.spend(CODES_FROM_ONE_CLIENT, "code-client", visit.client)
    await portal.limits.spend(CODES_TO_ONE_ADDRESS, "code-address", address_key(address))
    reference = parse_reference(typed) or typed.upper()
    inquiry_id = await portal.queries.followed(reference, address) or ""
    code = await portal.codes.issue(_key(visit), f"{inquiry_id} {address}")
    if inquiry_id:
        portal.code_mails.send(visit.language, address, code, words=FOLLOW)
    return visit.see("follow_code")


def _key(visit: Visit) -> str:
    """Apart from the code to sign in: neither opens what the other does."""
    return f"follow {visit.session.visitor.key}"


async def follow_code(portal: Portal, visit: Visit) -> Response:
    """Asks for the code. The right one lets this browser see the inquiry's state for a while."""
    key = _key(visit)
    if not visit.posted:
        kept = await portal.codes.address_of(key)
        if kept is None:
            return visit.see("follow")
        return visit.show("follow_code.html", form=Form(), address=_shown(kept))
    form = given(await visit.form())
    await portal.limits.spend(TRIES_FROM_ONE_CLIENT, "code-try", visit.client)
    found = await portal.codes.use(key, form["code"])
    inquiry_id = (found or "").partition(" ")[0]
    if not inquiry_id:
        form.add("code", WRONG_CODE if form["code"].strip() else NO_CODE)
        kept = await portal.codes.address_of(key)
        return visit.show("follow_code.html", 422, form=form, address=_shown(kept or ""))
    if visit.holder is None:
        visit.take(await portal.sessions.renew(visit.session))
    await portal.followed.note(key_of(visit.session.id), inquiry_id)
    return visit.see("followed")


def _shown(kept: str) -> str:
    return masked(kept.partition(" ")[2])


async def followed(portal: Portal, visit: Visit) -> Response:
    """How far the inquiry is: no name, no text, no contract."""
    inquiry_id = await portal.followed.read(key_of(visit.session.id))
    if inquiry_id is None:
        return visit.see("follow")
    found = await portal.queries.answer(inquiry_id)
    if not found.get("reference"):
        return visit.see("follow")
    return visit.show("followed.html", **_told(found))


def _told(found: Document) -> dict[str, Any]:
    stated = found.get("stated", {})
    kind = str(found.get("kind") or stated.get("kind", ""))
    entries = [it for it in found.get("entries", ()) if it.get("note") or it.get("text")]
    return {
        "reference": found["reference"],
        "kind": KIND.get(kind, KIND["inquiry"]),
        "standing": status_of(found),
        "opened_at": found.get("opened_at") or stated.get("opened_at"),
        "due": found.get("answer_due_at") or stated.get("answer_due_at"),
        "entries": [{"who": it.get("by") or "desk", "at": it["at"]} for it in entries],
        "STATUS": STATUS,
        "WHO": WHO,
    }
