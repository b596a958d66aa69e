"""The desk at a glance, with a way from each count to what is counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from services.operations_console.console import Console
from services.operations_console.overview import lacking, services_of
from shared.operations.durations import duration
from shared.operations.open_work import NAMES, Waiting, WorkGroup
from shared.web.languages import N_
from shared.web.live import Part, live
from shared.web.pages import Visit
from shared.web.sessions import Operator

PAGES = {
    Waiting.OVERDUE: "inquiries",
    Waiting.REFERRED: "referrals",
    Waiting.RENEWALS: "referrals",
    Waiting.AWAITED: "inquiries",
    Waiting.UNSENT: "mails",
    Waiting.UNMADE: "due",
    Waiting.TIMERS: "due",
    Waiting.PARKED: "dead_letters",
    Waiting.DEAD_LETTERS: "dead_letters",
}
"""Where what waits is dealt with."""
CALM = frozenset({Waiting.AWAITED, Waiting.UNSENT, Waiting.UNMADE})
"""Kinds of waiting that are normal and need no attention."""


LACKED = {
    "kafka": N_("the broker"),
    "mongodb": N_("the database"),
    "smtp": N_("the mail server"),
    "clock": N_("a clock that is right"),
    "records": N_("records of its own release"),
    "rights": N_("rights on the broker"),
}
"""A dependency in words; any other is shown by its name."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A count as it is shown, and the page that leads further, for those who may see it."""

    name: str
    count: str
    since: str
    again: str
    colour: str
    address: str


class EveryBreath:
    """Nothing wakes the stream: the overview is looked at once per breath."""

    @contextlib.contextmanager
    def of(self, *_ids: str) -> Iterator[asyncio.Event]:
        yield asyncio.Event()


async def overview(console: Console, visit: Visit, operator: Operator) -> Response:
    return visit.show("overview.html", **await _shown(console, visit, operator))


async def overview_live(console: Console, visit: Visit, operator: Operator) -> Response:
    async def part() -> Part:
        shown = await _shown(console, visit, operator)
        return Part(visit.html("parts/overview.html", **shown), False)

    return live(EveryBreath(), (), part, visit.viewer, visit.site.streams, visit.site.stopping)


async def _shown(console: Console, visit: Visit, operator: Operator) -> dict[str, Any]:
    seen = await console.overview.seen()
    return {
        "seen": seen,
        "tiles": [
            _tile(it, seen.at, visit, operator) for it in (seen.work.groups if seen.work else ())
        ],
        "services": services_of(seen),
        "lacking": lacking(seen),
        "called": lambda it: visit.translate(LACKED[it]) if it in LACKED else it,
        "lasting": lambda seconds: duration(seconds, visit.language),
    }


def _tile(group: WorkGroup, now: datetime, visit: Visit, operator: Operator) -> Tile:
    since, again = "", ""
    if group.since is not None:
        age = (now - group.since).total_seconds()
        words = duration(abs(age), visit.language)
        since, again = (words, "") if age > 0 else ("", words)
    return Tile(
        NAMES[group.waiting].in_language(visit.language),
        f"{group.count}+" if group.at_least else str(group.count),
        since,
        again,
        _colour(group),
        _address(PAGES[group.waiting], visit, operator),
    )


def _colour(group: WorkGroup) -> str:
    if not group.count:
        return "green"
    return "blue" if group.waiting in CALM else "amber"


def _address(name: str, visit: Visit, operator: Operator) -> str:
    page = visit.site.by_name.get(name)
    may = page is not None and page.role is not None and operator.may(page.role)
    return visit.url(name) if may else ""
