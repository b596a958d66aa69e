"""The settings that the archive's decisions depend on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    access_grace: timedelta = timedelta(seconds=5)
    """How long a request waits for the records that may still be on their way."""
    copy_available_for: timedelta = timedelta(days=30)
    activation_code_key: bytes = b"development-only"
    """Intake's too: requests name a code by its keyed hash."""
    activation_attempts: int = 5
    """Wrong codes of one customer that lock the activation for that customer (F9)."""
    activation_attempts_of_all: int = 20
    """Wrong codes for one contract in one day that lock its activation for every customer."""
