"""The start page: search, questions and answers, ways in. And the two statements."""

from __future__ import annotations

from starlette.responses import Response

from services.customer_portal import faq
from services.customer_portal.pages.common import desk, hours
from services.customer_portal.portal import Portal
from shared.web.pages import Visit

LONGEST_SEARCH = 100


async def home(portal: Portal, visit: Visit) -> Response:
    words = visit.asked("q")[:LONGEST_SEARCH].strip()
    found = faq.answered(visit, desk(portal))
    return visit.show(
        "home.html",
        words=words,
        found=faq.matching(found, words) if words else found,
        hours=hours(portal),
    )


async def privacy(portal: Portal, visit: Visit) -> Response:
    return visit.show(
        "privacy.html", kept_days=portal.settings.submissions_kept_days, **desk(portal)
    )


async def accessibility(portal: Portal, visit: Visit) -> Response:
    return visit.show(
        "accessibility.html", idle_minutes=portal.settings.session_idle_minutes, **desk(portal)
    )
