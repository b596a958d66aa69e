"""Check of the requests that were rejected: does one channel leave the same out again and again?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

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


async def rejection_check(settings: RuntimeSettings) -> Check:
    """What the last quarter of an hour's rejections have in common. Raises `Outage`."""
    window = Window(since=datetime.now(UTC) - LOOKED_BACK, newest=NEWEST)
    return of_rejections([decoded(it) async for it in records_on(settings, [REJECTIONS], window)])


def of_rejections(records: Iterable[DecodedRecord]) -> Check:
    """The most frequent kind: which submission, from which channel, with which faults."""
    alike = Counter(
        it.kind for it in map(Rejection, records) if it.record.type == SubmissionRejected.ce_type
    )
    if not alike:
        return ok("rejections", "none within 15 minutes")
    kind, count = alike.most_common(1)[0]
    if count < REPEATED:
        return ok("rejections", f"{alike.total()} within 15 minutes, no more than {count} alike")
    return warn("rejections", f"{count} within 15 minutes: {kind}", Remedy.TELL_SENDER)


class Rejection:
    """One rejection; `kind` has no values of the customer's, only names and codes."""

    def __init__(self, record: DecodedRecord) -> None:
        self.record = record

    @property
    def kind(self) -> str:
        said = self.record.data
        errors = said.get("errors")
        faults = sorted({_fault(it) for it in errors if isinstance(it, dict)}) if errors else []
        what = shown(str(said.get("submission_type") or "a submission"))
        whence = shown(str(said.get("submission_source") or "an unknown channel"))
        return f"{what} from {whence}: {', '.join(faults)}"


def _fault(error: dict[str, object]) -> str:
    return f"{shown(str(error.get('field', '')))} {shown(str(error.get('code', '')))}".strip()
