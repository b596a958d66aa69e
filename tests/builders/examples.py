"""How many examples a property is tried on: all, or the third that `make test` asks for."""

from __future__ import annotations

from hypothesis import settings

ALL, FEW = "all", "few"


def examples(most: int) -> settings:
    """`most` of them; `make coverage` tries them all."""
    few = settings.get_current_profile_name() == FEW
    return settings(max_examples=max(10, most // 3) if few else most, deadline=None)
