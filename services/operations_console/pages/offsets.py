"""Offsets by partition in the address of a page, which goes on from there."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OFFSETS = re.compile(r"[0-9]{1,6}-[0-9]{1,15}(\.[0-9]{1,6}-[0-9]{1,15}){0,499}")


def written_offsets(offsets: Mapping[int, int]) -> str:
    """As an address names them: `0-17.1-4`."""
    return ".".join(f"{partition}-{offset}" for partition, offset in sorted(offsets.items()))


def named_offsets(asked: str) -> dict[int, int]:
    """The offsets that an address names; none where it says nonsense."""
    if not _OFFSETS.fullmatch(asked):
        return {}
    named = (it.split("-") for it in asked.split("."))
    return {int(partition): int(offset) for partition, offset in named}
