"""Paste anything: what happened to it, over all topics and services."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from starlette.responses import RedirectResponse, Response

from services.operations_console.cases import MOST_ON_A_PAGE, lines, standing
from services.operations_console.console import Console
from shared.operations.case_timeline import NoSuchCase
from shared.operations.errors import MissingTopics
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import Operator

LOOKS_OF_ONE: RateLimitItem = RateLimitItemPerMinute(30)
LONGEST_ID = 200
ON_TOPICS = "topics"
"""Asks for the topics to be read as they stand, which takes seconds."""
NOTHING_WRITTEN = N_("Write or paste an id")
TOO_LONG = N_("No id is as long as this")
AN_ADDRESS = N_("Mail addresses are not looked for: they would stand in addresses and logs")
NOT_FOUND = N_("Nothing in the index or with the services has this id.")
NOT_ON_TOPICS = N_("Nothing on the topics or with the services has this id.")
NOT_ALL_READ = N_("Nothing was found, but there was not time or room to read everything.")
NO_TOPICS = N_("The topics are not there yet.")


async def cases(console: Console, visit: Visit, operator: Operator) -> Response:
    """Asks for an id, then shows its case. A form leads to an address that can be handed on.

    Of a long case the newest part comes first: who looks wants to know where it stands.
    """
    if visit.posted:
        return await _sought(visit)
    named = visit.asked("q").strip()
    if not named:
        return visit.show("cases.html", form=Form(), found=None)
    if (fault := _fault(named)) is not None:
        return _refused(visit, Form(), fault)
    await console.limits.spend(LOOKS_OF_ONE, "case", operator.name)
    return await _show(console, visit, named)


async def _sought(visit: Visit) -> Response:
    form = given(await visit.form())
    named = form["q"].strip()
    fault = _fault(named)
    if fault is not None:
        return _refused(visit, form, fault)
    return RedirectResponse(visit.url_with("cases", {"q": named}), 303)


def _fault(named: str) -> str | None:
    if not named:
        return NOTHING_WRITTEN
    if "@" in named:
        return AN_ADDRESS
    return TOO_LONG if len(named) > LONGEST_ID else None


def _refused(visit: Visit, form: Form, fault: str) -> Response:
    form.add("q", fault)
    return visit.show("cases.html", 422, form=form, found=None)


async def _show(console: Console, visit: Visit, named: str) -> Response:
    form, on_topics = Form({"q": named}), visit.asked("on") == ON_TOPICS
    find = console.cases.find_on_topics if on_topics else console.cases.find
    try:
        found = await find(named)
    except NoSuchCase as none:
        words = (NOT_ON_TOPICS if on_topics else NOT_FOUND) if none.complete else NOT_ALL_READ
        seek = "" if on_topics else visit.url_with("cases", {"q": named, "on": ON_TOPICS})
        return visit.show("cases.html", 404, form=form, found=None, words=words, seek=seek)
    except MissingTopics:
        return visit.show("cases.html", 503, form=form, found=None, words=NO_TOPICS)
    number = len(found.steps)
    newest = max(0, number - MOST_ON_A_PAGE)
    first = number_in(visit.asked("from"), number - 1) if visit.asked("from") else newest
    end = min(number, first + MOST_ON_A_PAGE)
    return visit.show(
        "cases.html",
        form=form,
        found=found,
        named=named,
        records=[(it.service, it.kind, standing(it, visit.language)) for it in found.records],
        lines=lines(found.steps[first:end], visit.language),
        part=(first + 1, end, number) if end - first < number else None,
        on=visit.asked("on") if on_topics else "",
        before=max(0, first - MOST_ON_A_PAGE) if first else None,
        after=end if end < number else None,
    )


def number_in(asked: str, most: int) -> int:
    """The number that an address names; nonsense is the beginning."""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0
    return number if number <= most else 0
