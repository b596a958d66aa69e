"""Instants as records carry them, and as operators read them: wall-clock time in Madrid."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")


def local_time(instant: datetime) -> str:
    """`2026-11-05 09:30:00`, in Europe/Madrid."""
    return instant.astimezone(MADRID).strftime("%Y-%m-%d %H:%M:%S")
