"""A worker that takes over waits for a broker that cannot be reached."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection

from shared.kafka.topic_records import committed_by
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


async def test_a_write_on_a_connection_that_was_closed_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """uvloop says so by an error that is no OSError; it would end the service."""

    def send(_connection: AIOKafkaConnection, *_request: Any) -> Any:
        raise RuntimeError("unable to perform operation on a transport; the handler is closed")

    monkeypatch.setattr(AIOKafkaConnection, "send", send)
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as dying:
        port = dying.sockets[0].getsockname()[1]
        settings = RuntimeSettings(kafka_bootstrap_servers=f"127.0.0.1:{port}")
        with pytest.raises(Outage, match="KafkaConnectionError"):
            await wiring.outcomes_decided(settings, "notification")


async def test_asking_for_a_groups_offsets_over_a_connection_that_breaks_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether a generation may serve is asked every second while it is built."""
    broken = AsyncMock(side_effect=ConnectionResetError)
    monkeypatch.setattr(AIOKafkaAdminClient, "start", broken)

    with pytest.raises(Outage, match="ConnectionResetError"):
        await committed_by(RuntimeSettings(), "desk.operations_console")
