"""A worker that takes over waits for a broker that cannot be reached."""

from __future__ import annotations

import pytest

from shared.outage import Outage
from shared.runtime import wiring
from shared.settings import RuntimeSettings


async def test_a_connection_that_breaks_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: RuntimeSettings) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(wiring, "broker_at", broken)
    settings = RuntimeSettings(development_defaults=True)
    with pytest.raises(Outage, match="ConnectionResetError"):
        await wiring.outcomes_decided(settings, "notification")
