"""Check of the requests that were rejected: does one channel leave the same out again and again?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPIC_OF
from shared.kafka.topic_records import Window, records_on
from shared.operations.checks.result import Check, Remedy, ok, warn
from shared.operations.decoded_record import DecodedRecord, decoded, shown
from shared.settings import RuntimeSettings

REJECTIONS = TOPIC_OF[SubmissionRejected.ce_type].name
LOOKED_BACK = timedelta(minutes=15)
NEWEST = 500
"""Of each partition: enough to see what repeats, and read in a moment."""
REPEATED = 10
"""Rejections alike within that time: fewer are customers who mistype."""
KINDS_TOLD = 3
"""A flood hides no quieter channel that fails beside it."""


async def rejection_check(settings: RuntimeSettings) -> Check:
    """Judges the last quarter of an hour's rejections by those that are alike. Raises `Outage`."""
    window = Window(since=datetime.now(UTC) - LOOKED_BACK, newest=NEWEST)
    return of_rejections([decoded(it) async for it in records_on(settings, [REJECTIONS], window)])


def of_rejections(records: Iterable[DecodedRecord]) -> Check:
    """The most frequent kinds: which submission, from which channel, with which faults."""
    rejected = (it for it in records if it.type == SubmissionRejected.ce_type)
    alike = Counter(_kind(it.data) for it in rejected)
    if not alike:
        return ok("rejections", "none within 15 minutes")
    most = alike.most_common(KINDS_TOLD)
    repeated = [f"{count} {kind}" for kind, count in most if count >= REPEATED]
    if not repeated:
        return ok("rejections", f"{alike.total()} within 15 minutes, fewer than {REPEATED} alike")
    found = f"within 15 minutes: {'; '.join(repeated)}"
    return warn("rejections", found, Remedy.TELL_SENDER)


def _kind(said: Mapping[str, Any]) -> str:
    """A rejection without any value of the customer's: only names and codes."""
    errors = said.get("errors")
    listed = errors if isinstance(errors, list) else ()
    faults = sorted({_fault(it) for it in listed if isinstance(it, dict)})
    what = shown(str(said.get("submission_type") or "a submission"))
    whence = shown(str(said.get("submission_source") or "an unknown channel"))
    return f"{what} from {whence}: {', '.join(faults)}"


def _fault(error: dict[str, object]) -> str:
    return f"{shown(str(error.get('field', '')))} {shown(str(error.get('code', '')))}".strip()
