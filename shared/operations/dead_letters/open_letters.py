"""The newest letters that nobody has dealt with: a look that costs the same however many there are.

Only the newest offsets of each partition are read, and of the audit trail only what was written
since the oldest of them, no more than `ACTS_READ` records of each partition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.kafka.records import stamped
from shared.kafka.topic_records import Window, records_in, spans_of
from shared.operations.audit_trail import OPERATIONS, AuditTrail, act_in
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.topic import GIVEN_UP_BEFORE, page_of_briefs
from shared.settings import RuntimeSettings

ACTS_READ = 2_000
"""The newest records of each partition of the audit trail that are looked at."""
TrailOf = Callable[[Sequence[Letter]], Awaitable[AuditTrail]]


@dataclass(frozen=True, slots=True)
class OpenLetters:
    """The open ones of the newest letters, oldest first, and how many were dealt with.

    `at_least`: there are more letters, at which nobody has looked.
    """

    letters: Sequence[Letter]
    handled: int
    at_least: bool


async def open_letters(settings: RuntimeSettings, trail_of: TrailOf | None = None) -> OpenLetters:
    """Counts what waits; `trail_of` tells the acts on letters, if somebody keeps them.

    Raises `Outage`, `MissingTopics`.
    """
    page = await page_of_briefs(settings, {})
    if not page.letters:
        return OpenLetters((), 0, bool(page.older))
    if trail_of is not None:
        trail, known = await trail_of(page.letters), page.letters
    else:
        trail, since = await _newest_acts(settings, page.letters)
        known = [it for it in page.letters if since is None or it.at - GIVEN_UP_BEFORE >= since]
    still = trail.open(known)
    at_least = bool(page.older) or len(known) < len(page.letters)
    return OpenLetters(still, len(known) - len(still), at_least)


async def _newest_acts(
    settings: RuntimeSettings, letters: Sequence[Letter]
) -> tuple[AuditTrail, datetime | None]:
    """The acts since these letters were given up, and since when, where that is not all of them."""
    window = Window(since=min(it.at for it in letters) - GIVEN_UP_BEFORE)
    spans = await spans_of(settings, OPERATIONS, window)
    newest = {partition: span[-ACTS_READ:] for partition, span in spans.items()}
    trail, begun = AuditTrail(), dict[int, datetime]()
    known = set[str]()
    async for record in records_in(settings, OPERATIONS, newest):
        at = stamped(record)
        if at is not None:
            begun.setdefault(record.partition, at)
        if (found := act_in(record)) and found[0] not in known:
            known.add(found[0])
            trail.add(found[1])
    cut = [it for it, span in spans.items() if len(span) > ACTS_READ]
    return trail, max((begun[it] for it in cut if it in begun), default=None)
