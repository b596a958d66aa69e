"""Instants as records carry them, and as operators read them: wall-clock time in Madrid."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
BEGINNING = datetime.fromtimestamp(0, UTC)


def instant_of(milliseconds: int) -> datetime:
    """The instant of a record's timestamp, in UTC; one that no calendar has is `BEGINNING`."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return BEGINNING


def local_time(instant: datetime) -> str:
    """`2026-11-05 09:30:00`, in Europe/Madrid."""
    return instant.astimezone(MADRID).strftime("%Y-%m-%d %H:%M:%S")
