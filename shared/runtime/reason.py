"""Reasons for dead letters."""

from __future__ import annotations

from shared.events.choices import Word


class Reason(Word):
    """Why a record became a dead letter."""

    UNREADABLE = "unreadable", "Not an event that anybody could read."
    UNKNOWN_TYPE = "unknown_type", "An event of a type that the topic does not carry."
    TOO_LARGE = "too_large", "Larger than a record may be."
    DEFECT = "defect", "The service failed on it, and parked what it belongs to."
    BLOCKED = "blocked", "Waits behind a `defect` of the same record."
