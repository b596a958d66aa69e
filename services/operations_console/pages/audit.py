"""The audit: who did what, when and why, and who saw what is hidden."""

from __future__ import annotations

from starlette.responses import Response

from services.operations_console.audit import KINDS, ON_A_PAGE
from services.operations_console.console import Console
from services.operations_console.pages.cases import LONGEST_ID, number_in
from shared.operations.event_text import said
from shared.web.forms import Form
from shared.web.pages import Visit
from shared.web.sessions import Operator

MOST_PAGES = 1_000_000


async def audit(console: Console, visit: Visit, _operator: Operator) -> Response:
    """A page of the acts, filtered by a person or a thing, and by kind."""
    named, kind = visit.asked("q").strip()[:LONGEST_ID], visit.asked("kind")
    first = number_in(visit.asked("from"), MOST_PAGES)
    acts, more = await console.audit.found(named, kind, first)
    asked = {"q": named, "kind": kind if kind in KINDS else ""}
    return visit.show(
        "audit.html",
        form=Form(asked),
        acts=[(it, _headline(visit, it.type, it.data)) for it in acts],
        newer=_address(visit, asked, first - ON_A_PAGE) if first else "",
        older=_address(visit, asked, first + ON_A_PAGE) if more else "",
    )


def _headline(visit: Visit, ce_type: str, data: dict[str, object]) -> str:
    found = said(ce_type, data, visit.language)
    return found.what if found else ce_type


def _address(visit: Visit, asked: dict[str, str], first: int) -> str:
    return visit.url_with("audit", {**asked, "from": str(max(first, 0))})
