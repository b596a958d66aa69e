"""Mails and their fates: kept from `desk.notifications`, found by any id and the address's hash.

Neither an address nor a text is on that topic, and so none is here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import ValidationError

from shared.events.field_classes import is_fact
from shared.events.notifications import RATE_LIMITED, NotificationFailed, NotificationSent
from shared.kafka.records import Record
from shared.mongo.client import DESCENDING, Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.case_index import FORGETTING, ends, forgotten, place_name
from shared.operations.decoded_record import decoded, shown
from shared.runtime.projections.record_index import AT, IDS, OF, TOO, UNTIL, RecordIndex

NAME = "mails"
NOTIFICATIONS = "desk.notifications"
ON_A_PAGE = 50


class Fate(StrEnum):
    """The end of a mail."""

    SENT = "sent"
    FAILED = "failed"
    RATE_LIMITED = RATE_LIMITED
    """It was never tried: the address has had too many."""


@dataclass(frozen=True, slots=True)
class ToldMail:
    """A mail that was sent or given up at `at`; `recipient` is a keyed hash of its address."""

    at: datetime
    fate: Fate
    template: str
    recipient: str
    inquiry: str
    attempts: int
    error: str


def mail_index(kept: timedelta) -> RecordIndex:
    """Entries of the mails, each for so long after it; none of whom the desk forgets."""
    return RecordIndex(
        NAME,
        (NOTIFICATIONS, *sorted(FORGETTING)),
        lambda record: mail_of(record, kept),
        forgotten,
        ((IDS, AT), ("fate", AT), (AT,)),
    )


def mail_of(record: Record, kept: timedelta) -> Document | None:
    """None for what tells of no mail."""
    if record.topic != NOTIFICATIONS:
        return None
    found = decoded(record)
    model = {it.ce_type: it for it in (NotificationSent, NotificationFailed)}.get(found.type)
    if model is None or found.fault:
        return None
    try:
        event = model.model_validate(found.data)
    except ValidationError:
        return None
    error = event.error if isinstance(event, NotificationFailed) else ""
    inquiry = event.inquiry_id or ""
    ids = (event.notification_id, event.recipient_hash, event.customer_id, inquiry)
    owners = sorted({it for it in (event.customer_id, inquiry) if it and is_fact(it)})
    return {
        "_id": place_name(found.place),
        AT: found.at,
        UNTIL: ends(found.at, kept),
        IDS: sorted({it for it in ids if it and is_fact(it)}),
        OF: owners,
        TOO: [],
        "fate": _fate(event, error).value,
        "template": shown(event.template),
        "recipient": shown(event.recipient_hash),
        "inquiry": shown(inquiry),
        "attempts": event.attempts,
        "error": error,
    }


def _fate(event: NotificationSent | NotificationFailed, error: str) -> Fate:
    if isinstance(event, NotificationSent):
        return Fate.SENT
    return Fate.RATE_LIMITED if error == RATE_LIMITED else Fate.FAILED


class Mails:
    """Reads the mails of the generation that serves, the last one first."""

    def __init__(self, mails: Callable[[], Collection]) -> None:
        self._mails = mails

    async def found(
        self, named: str, fate: Fate | None, first: int
    ) -> tuple[Sequence[ToldMail], bool]:
        """A page of the mails about what is `named`, and whether more follow. Raises `Outage`."""
        wanted: Document = {IDS: named} if named else {}
        if fate is not None:
            wanted["fate"] = fate.value
        with mongodb_errors_as_outage():
            found = self._mails().find(wanted).sort(AT, DESCENDING).skip(first)
            mails = await found.limit(ON_A_PAGE + 1).to_list(ON_A_PAGE + 1)
        return [_mail(it) for it in mails[:ON_A_PAGE]], len(mails) > ON_A_PAGE


def _mail(entry: Document) -> ToldMail:
    return ToldMail(
        entry[AT],
        Fate(entry["fate"]),
        entry["template"],
        entry["recipient"],
        entry["inquiry"],
        entry["attempts"],
        entry["error"],
    )
