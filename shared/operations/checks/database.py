"""Checks of the database: does it answer, and do the clocks agree."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from shared.events.limits import CLOCK_TOLERANCE
from shared.mongo.client import PyMongoError
from shared.operations.checks.result import Check, Remedy, fail, ok, warn
from shared.operations.database import ANSWER_WITHIN_MS, client_of
from shared.operations.refusals import is_refusal

SKEW_NOTED_S = 2.0


async def database_checks(url: str) -> list[Check]:
    """Whether the database answers, and whether its clock and ours agree.

    Raises `WrongDatabaseUrl`.
    """
    client = client_of(url)
    asked_at = time.time()
    try:
        answer = await client.admin.command("hello")
    except PyMongoError as error:
        if is_refusal(error):
            return [fail("database", "it refuses this user", Remedy.GRANT_ON_DATABASE)]
        found = f"no answer within {ANSWER_WITHIN_MS / 1000:g} s"
        return [fail("database", found, Remedy.REACH_DATABASE)]
    finally:
        client.close()
    took_s = time.time() - asked_at
    answers = ok("database", f"answers in {took_s * 1000:.0f} ms")
    there = answer.get("localTime")
    if not isinstance(there, datetime):
        return [answers]
    there = there.replace(tzinfo=there.tzinfo or UTC)  # the driver's default is naive UTC
    here = datetime.fromtimestamp(asked_at + took_s / 2, UTC)
    return [answers, clock_check((there - here).total_seconds())]


def clock_check(skew_s: float) -> Check:
    """Judges by how many seconds the database's clock is ahead of this machine's."""
    found = f"the database's clock differs by {abs(skew_s):.1f} s from this machine's"
    if abs(skew_s) > CLOCK_TOLERANCE.total_seconds():
        return fail("clock", found, Remedy.SYNCHRONISE_CLOCKS)
    if abs(skew_s) > SKEW_NOTED_S:
        return warn("clock", found, Remedy.SYNCHRONISE_CLOCKS)
    return ok("clock", found)
