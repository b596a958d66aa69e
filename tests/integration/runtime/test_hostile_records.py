"""A few megabytes from any channel cost time, and nobody else anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.local.stack import Stack
from tests.poison import hostile_run

pytestmark = pytest.mark.long("five hundred of the worst records on servers of their own")

MOST_MEMORY_MB = 512
"""The memory limit of the services in the compose file."""
MOST_SECONDS = 1.0
"""That the process may compute before its health page answers; a busy machine takes longer."""


async def test_five_hundred_of_the_worst_records_stop_nobody(
    own_stack: Stack, tmp_path: Path
) -> None:
    report = await hostile_run.run(own_stack.endpoints, tmp_path)

    assert report.alive
    assert report.memory_mb < MOST_MEMORY_MB
    assert len(report.waited) == hostile_run.NEIGHBOURS
    assert report.answers
    assert max(report.computed) < MOST_SECONDS
    assert [error for error in report.buried if "compressed batch" not in error] == []
    assert len(report.buried) == 3 * len(hostile_run.BOMBS)
