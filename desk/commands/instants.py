"""Instants as a person types them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from desk.commands.errors import DeskError
from shared.operations.local_time import MADRID

AGO = re.compile(r"(\d{1,5})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(written: str | None, option: str) -> datetime | None:
    """`2026-11-27`, `2026-11-27T09:30` (Madrid unless it says otherwise) or `15m` ago.

    None for none. Raises `DeskError`, which names the option.
    """
    if written is None:
        return None
    if ago := AGO.fullmatch(written):
        return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise DeskError(
            f"{option} {written!r} is no time; write it like 2026-11-27, 2026-11-27T09:30 or 15m."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=MADRID)
