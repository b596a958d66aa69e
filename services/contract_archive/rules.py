"""What the archive's decisions are told by its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    access_grace: timedelta = timedelta(seconds=5)
    """How long a request waits for the records that may still be on their way."""
    copy_available_for: timedelta = timedelta(days=30)
    activation_attempts: int = 5
    """So many wrong codes lock the activation (F9)."""
