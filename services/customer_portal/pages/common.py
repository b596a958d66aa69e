"""Parts that several pages share: the desk's hours, and who writes to us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from limits import RateLimitItem, RateLimitItemPerHour
from starlette.responses import RedirectResponse, Response

from services.customer_portal.outbox import AlreadySent
from services.customer_portal.portal import Portal
from shared.events.choices import Channel
from shared.events.submissions import Submission
from shared.web.forms import Form, text
from shared.web.pages import NotFound, Visit

SUBMISSIONS_AN_HOUR: RateLimitItem = RateLimitItemPerHour(60)
"""From one address: an office behind it may be many people."""
LOOK_AHEAD_DAYS = 14
MOST_DIGITS = 6
SENT_BEFORE = "before"
"""In the address of a page: its form was sent again with other contents."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether somebody is there; if so, until when, else from when. `due` is the answer target.

    `usual` are the hours of every week, in winter and in summer, as they are written.
    """

    open: bool
    changes_at: datetime | None
    due: datetime
    usual: Mapping[str, str]


def hours(portal: Portal) -> Hours:
    now, calendar = portal.now(), portal.calendar
    due = calendar.add_staffed_hours(now, portal.settings.answer_target_hours)
    today = calendar.hours_on(now.astimezone(calendar.settings.time_zone).date())
    usual = usual_hours(portal)
    if calendar.is_staffed(now) and today is not None:
        return Hours(True, today[1], due, usual)
    for days in range(LOOK_AHEAD_DAYS):
        staffed = calendar.hours_on(
            (now.astimezone(calendar.settings.time_zone) + timedelta(days=days)).date()
        )
        if staffed is not None and staffed[0] > now:
            return Hours(False, staffed[0], due, usual)
    return Hours(False, None, due, usual)


def usual_hours(portal: Portal) -> dict[str, str]:
    """When the desk opens and closes in winter and in summer, by the templates' names."""
    winter, summer = portal.calendar.settings.winter, portal.calendar.settings.summer
    times = {
        "opens": winter.opens,
        "closes": winter.closes,
        "summer_opens": summer.opens,
        "summer_closes": summer.closes,
    }
    return {name: f"{it:%H:%M}" for name, it in times.items()}


def desk(portal: Portal) -> dict[str, Any]:
    """The desk's data as templates name them."""
    settings = portal.settings
    return {
        "company": settings.company_name,
        "phone": settings.company_phone,
        "abroad": settings.company_phone_from_abroad,
        "fax": settings.company_fax,
        "postal": settings.company_postal_lines,
        "usual": usual_hours(portal),
    }


def first_on_page(visit: Visit) -> int:
    """How many of a list the page passes over; 0 for what is no number."""
    return number_in(visit.asked("from")) or 0


def number_in(asked: str) -> int | None:
    """The number that a query says; None for what is none."""
    digits = asked.isascii() and asked.isdecimal() and len(asked) <= MOST_DIGITS
    return int(asked) if digits else None


def neighbours(first: int, size: int, *, more: bool) -> dict[str, Any]:
    """Where the pages beside one of `size` begin; None where there is none."""
    return {
        "older": first + size if more else None,
        "newer": max(0, first - size) if first else None,
    }


def changed(form: Form, names: Iterable[str], kept: Mapping[str, Any]) -> dict[str, str]:
    """The form's differences from `kept`; a blank field is no change."""
    return {
        name: value
        for name in names
        if (value := text(form, name)) is not None and value != kept.get(name)
    }


def common(portal: Portal, visit: Visit) -> dict[str, Any]:
    """The fields that every submission has, but the customer's id."""
    return {
        "channel": Channel.WEB,
        "received_at": portal.now().isoformat(timespec="milliseconds"),
        "language": visit.language,
    }


def new_customer_id(submission_id: str) -> str:
    """Returns the id for a new customer; the same form always yields the same id."""
    digest = hashlib.sha256(f"customer of {submission_id}".encode()).hexdigest()
    return f"C-{digest[:16].upper()}"


async def sent_before(portal: Portal, visit: Visit, submission_id: str) -> Response | None:
    """Where the answer to this form appears, if it was sent already; else None.

    For a form that cannot be sent as things are now: what it asks for may have been done by it.
    """
    try:
        await portal.outbox.read(submission_id, visit.session.visitor, visit.holder)
    except NotFound:
        return None
    return visit.see("sent", id=submission_id)


async def send(
    portal: Portal,
    visit: Visit,
    submission_id: str,
    event: Submission,
    *,
    about: str | None = None,
) -> Response:
    """Send it to the desk, and the browser to where its answer appears.

    Raises `TooMany`, `Outage`.
    """
    await portal.limits.spend(SUBMISSIONS_AN_HOUR, "submission", visit.client)
    await portal.uploads.sending(getattr(event, "documents", None) or ())
    page, shown = ("sent", submission_id) if about is None else ("inquiry", about)
    try:
        await portal.outbox.submit(visit.session, submission_id, event, about=about)
    except AlreadySent:
        query = urlencode({SENT_BEFORE: "1"})
        return RedirectResponse(f"{visit.url(page, id=shown)}?{query}", 303)
    return visit.see(page, id=shown)
