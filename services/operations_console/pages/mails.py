"""Mails: what waits for the mail server, what was sent, and what was not and why."""

from __future__ import annotations

from starlette.responses import Response

from services.operations_console.console import Console
from services.operations_console.mails import ON_A_PAGE, Fate
from services.operations_console.pages.cases import AN_ADDRESS, LONGEST_ID, number_in
from services.operations_console.pages.due import MOST_SHOWN, DueRow, shown_due
from shared.events.reference import parse_reference
from shared.events.topics import NOTIFICATION
from shared.operations.errors import NoSuchInquiry
from shared.operations.service_client import ServiceError
from shared.web.forms import Form
from shared.web.pages import Visit
from shared.web.sessions import Operator

MOST_NUMBER = 10**6


async def mails(console: Console, visit: Visit, _operator: Operator) -> Response:
    """Shows what waits, the earliest attempt first; then a page of mails, the last one first."""
    named, asked = visit.asked("q").strip()[:LONGEST_ID], visit.asked("fate")
    form = Form({"q": named, "fate": asked if asked in set(Fate) else ""})
    if "@" in named:
        form.add("q", AN_ADDRESS)
        return visit.show("mails.html", 422, form=form, mails=(), waiting=(), **NOTHING)
    first = number_in(visit.asked("from"), MOST_NUMBER)
    fate = Fate(asked) if form["fate"] else None
    found, more = await console.mails.found(await _id_of(console, named), fate, first)
    waiting, silent = await _waiting(console, visit)
    return visit.show(
        "mails.html",
        form=form,
        mails=found,
        waiting=waiting[:MOST_SHOWN],
        further=len(waiting) > MOST_SHOWN,
        silent=silent,
        earlier=_address(visit, form, first - ON_A_PAGE) if first else "",
        later=_address(visit, form, first + ON_A_PAGE) if more else "",
    )


NOTHING = {"further": False, "silent": None, "earlier": "", "later": ""}


async def _id_of(console: Console, named: str) -> str:
    """A reference names an inquiry, by whose id the mails are kept."""
    if parse_reference(named) is None:
        return named
    try:
        return (await console.agent_acts.inquiry(named)).subject.id
    except (NoSuchInquiry, ServiceError):
        return named


async def _waiting(console: Console, visit: Visit) -> tuple[list[DueRow], str | None]:
    """Mails that are to be sent or tried again, or the service that does not say."""
    try:
        async with console.owners.asked() as services:
            page = await services[NOTIFICATION].due(MOST_SHOWN + 1)
    except ServiceError as error:
        return [], error.service
    now = console.now()
    work = [it for it in page.items if it.what == "work"]
    return [shown_due(NOTIFICATION, it, now, visit) for it in work], None


def _address(visit: Visit, form: Form, first: int) -> str:
    query = {"q": form["q"], "fate": form["fate"], "from": str(max(first, 0))}
    return visit.url_with("mails", query)
