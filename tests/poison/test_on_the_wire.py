"""A small portion of poison for a desk of real processes; `make poison` serves the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra import resolved
from tests.poison.on_the_wire import run

pytestmark = pytest.mark.long("a thousand poisonous records on a desk of its own")

INPUTS = {"embedded": 1_000, "kafka": 2_000}
"""The embedded broker and the desk share two cores with all other tests."""


async def test_poisonous_records_harm_nobody(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On servers of its own: the records would lie in every later group's way."""
    broker = "kafka" if resolved(request.config.getoption("--infra")) == "kafka" else "embedded"
    report = await run(INPUTS[broker], 7, tmp_path, broker=broker, undecodable=0)
    assert report.wrong == []
    assert len(report.sent.places) == INPUTS[broker]
    assert len(report.sent.neighbours) == INPUTS[broker] // 50
