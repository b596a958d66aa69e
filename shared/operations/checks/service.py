"""Check of a service: what its health page says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.operations.checks.result import Check, Remedy, fail, ok
from shared.operations.service_health import health_of, takes_connections
from shared.runtime.health.clock_skew import CLOCK
from shared.runtime.older_database import RECORDS


async def service_check(name: str, url: str) -> Check:
    """Checks the service by its health page at `url`."""
    page = await health_of(url)
    if page is None:
        if await takes_connections(url):
            found = f"its process takes connections and does not answer at {url}: it hangs"
            return fail(name, found, Remedy.END_HUNG)
        return fail(name, f"nothing answers at {url}", Remedy.RESTART_SERVICE)
    status = str(page.get("status"))
    if status == "ok":
        return ok(name, f"ok, {page.get('batches')} batches so far; {clock_of(page)}")
    away = ", ".join(page.get("away") or ()) or "nothing named"
    if CLOCK in (page.get("away") or ()):
        return fail(name, f"{status}; {clock_of(page)}", Remedy.SET_CLOCK)
    if RECORDS in (page.get("away") or ()):
        found = f"{status}; {(page.get('reasons') or {}).get(RECORDS)}"
        return fail(name, found, Remedy.COMPARE_RECORDS)
    return fail(name, f"{status}; away: {away}", Remedy.WAIT_FOR_DEPENDENCY)


def clock_of(page: Mapping[str, Any]) -> str:
    """The clock's error by the health page: seconds ahead, of whose clock."""
    whose = page.get("clock_compared_with")
    if whose is None:
        return "its clock was compared with none"
    return f"its clock is {page.get('clock_skew_seconds')} s ahead of the {whose}'s"
