"""The fates of a message that is not decided, and the words for a defect.

*Decided* is the rule: a refusal is an event. Beside the exceptions below, an `Outage` leaves the
batch to be tried again, and a defect parks what it belongs to.
"""

from __future__ import annotations

from typing import Any

from shared.events.envelope import Ref
from shared.runtime.reason import Reason


class Unreadable(Exception):
    """The record is not an event that this service can read; `error` holds no personal data."""

    def __init__(self, reason: Reason, error: str) -> None:
        super().__init__(error)
        self.reason = reason
        self.error = error


class FaultyForm(Unreadable):
    """The record is a known event in a sound envelope whose `fields` break the event's form."""

    def __init__(self, error: str, fields: dict[str, Any]) -> None:
        super().__init__(Reason.UNREADABLE, error)
        self.fields = fields


class NewerRelease(Exception):
    """A newer release wrote the record; what follows from its state, this one cannot know."""

    def __init__(self, ref: Ref) -> None:
        super().__init__(f"{ref.kind} was written by a newer release")


def described(defect: BaseException) -> str:
    """The kind and the place of a defect; never its message, which may quote personal data."""
    place = defect.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
    return f"{type(defect).__name__}{where}"
