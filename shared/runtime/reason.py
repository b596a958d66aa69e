"""Why a record was given up."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a record became a dead letter."""

    UNREADABLE = "unreadable"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LARGE = "too_large"
    DEFECT = "defect"
    BLOCKED = "blocked"
