"""The part of intake's decisions that operators can set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from shared.desk_hours.calendar import DeskCalendar


@dataclass(frozen=True, slots=True)
class Rules:
    """The staffed calendar and the answer target in staffed hours (F7)."""

    calendar: DeskCalendar
    answer_target_hours: float = 8
    activation_code_key: bytes = b"development-only"
    """The archive's too: requests name a code by its keyed hash."""

    def answer_due_at(self, asked_at: datetime) -> datetime:
        """Deadline (UTC) for answering a request received at `asked_at` (timezone-aware)."""
        return _due(self.calendar, self.answer_target_hours, asked_at)


@lru_cache(maxsize=64)
def _due(calendar: DeskCalendar, hours: float, asked_at: datetime) -> datetime:
    """All submissions of a batch are asked at one instant."""
    return calendar.add_staffed_hours(asked_at, hours).astimezone(UTC)
