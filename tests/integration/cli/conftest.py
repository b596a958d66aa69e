"""One running desk for all tests of the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.local.supervisor import Desk


@pytest.fixture
def running(running_desk: Desk) -> Desk:
    return running_desk


@pytest.fixture
def here(running: Desk) -> Path:
    """Where a person would type the commands."""
    return running.directory.parent
