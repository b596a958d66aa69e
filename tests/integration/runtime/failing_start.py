"""A service whose start fails in a way that no waiting mends, as a process of its own."""

from __future__ import annotations

from unittest.mock import patch

from shared.environment import load
from shared.runtime.app import run
from shared.settings import RuntimeSettings
from tests.integration.runtime import toy


async def broken(_settings: RuntimeSettings) -> None:
    raise TypeError("a defect")


if __name__ == "__main__":
    with patch("shared.runtime.startup.create_missing_topics", broken):
        run(toy.build(), load(RuntimeSettings))
