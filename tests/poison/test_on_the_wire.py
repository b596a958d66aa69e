"""A small portion of poison for a desk of real processes; `make poison` serves the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra import resolved
from tests.poison.on_the_wire import run

INPUTS = 2_000


async def test_two_thousand_poisonous_records_harm_nobody(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On servers of its own: the records would lie in every later group's way."""
    broker = "kafka" if resolved(request.config.getoption("--infra")) == "kafka" else "embedded"
    report = await run(INPUTS, 7, tmp_path, broker=broker, undecodable=0)
    assert report.wrong == []
    assert len(report.sent.places) == INPUTS
    assert len(report.sent.neighbours) == INPUTS // 50
