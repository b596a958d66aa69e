"""Whether the generation that serves has folded a record."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.runtime.projections import projector
from shared.runtime.projections.projector import is_projected


@pytest.mark.parametrize(
    ("committed", "expected"),
    [
        ({}, False),
        ({("desk.inquiries", 2): 7}, False),
        ({("desk.inquiries", 2): 8}, True),
        ({("desk.inquiries", 1): 8, ("desk.contracts", 2): 8}, False),
    ],
)
async def test_a_record_is_folded_once_the_offset_behind_it_is_committed(
    monkeypatch: pytest.MonkeyPatch,
    committed: dict[tuple[str, int], int],
    *,
    expected: bool,
) -> None:
    asked = list[str]()

    async def committed_by(_settings: object, group: str) -> dict[tuple[str, int], int]:
        asked.append(group)
        return committed

    monkeypatch.setattr(projector, "committed_by", committed_by)
    serving = SimpleNamespace(group=lambda base: f"{base}.3")
    generations = SimpleNamespace(state=SimpleNamespace(serving=serving))
    record = SimpleNamespace(topic="desk.inquiries", partition=2, offset=7)

    found = await is_projected(*cast(Any, (None, generations, "portal", record)))

    assert found is expected
    assert asked == ["portal.3"]
