"""Asking whether a broker is there: nobody listens, or somebody who never answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.kafka.broker_connection import BrokerConnection
from shared.outage import Outage
from shared.settings import RuntimeSettings


@contextmanager
def silent_port(*, listening: bool) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        if not listening:
            server.close()
            yield 1
        else:
            yield server.getsockname()[1]


@pytest.mark.parametrize("listening", [True, False])
async def test_no_answer_is_an_outage(listening: bool) -> None:
    with silent_port(listening=listening) as port:
        settings = RuntimeSettings(
            kafka_bootstrap_servers=f"127.0.0.1:{port}", kafka_security_protocol="PLAINTEXT"
        )
        connection = BrokerConnection(settings, within=0.05)
        with pytest.raises(Outage, match="kafka"):
            await asyncio.wait_for(connection.ask(), 30)
