"""A service as a process of its own: patient at the start, quick at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from desk.local.ports import choose_ports
from desk.local.stack import Endpoints
from shared.kafka.publisher import STOPPED_WITHIN_SECONDS, KafkaPublisher
from shared.kafka.topic_creation import create_missing_topics
from shared.runtime.codec import Envelope
from tests.builders.users import environment_of
from tests.infra import resolved
from tests.integration.runtime.refusing_broker import refusing_broker
from tests.integration.runtime.servers import own_servers
from tests.integration.runtime.wire import outsider, settings_for


@asynccontextmanager
async def process(
    port: int,
    module: Sequence[str] = ("services.cancellation",),
    **environment: str,
) -> AsyncIterator[asyncio.subprocess.Process]:
    own = {
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
        "DEVELOPMENT_DEFAULTS": "true",
        **environment,
    }
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        env=os.environ | own,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


def status(port: int, path: str) -> int | None:
    """The HTTP status of a page, None while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return None


async def until(port: int, path: str, wanted: int) -> None:
    async with asyncio.timeout(90):
        while await asyncio.to_thread(status, port, path) != wanted:
            await asyncio.sleep(0.05)


async def test_without_a_broker_it_is_up_says_so_and_ends_at_once_when_told(tmp_path: Path) -> None:
    port = choose_ports(["cancellation"], tmp_path / "ports.json")["cancellation"]
    async with process(port, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1") as service:
        await until(port, "/live", 200)
        await until(port, "/health", 503)
        service.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await service.wait() == 0


async def test_it_is_healthy_shows_metrics_and_stops_cleanly(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    port = choose_ports(["cancellation"], tmp_path / "ports.json")["cancellation"]
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MONGO_URL": endpoints.mongo_url,
        "KAFKA_GROUP_PREFIX": tmp_path.name,
        "MONGO_DATABASE_PREFIX": "process",
        "ACCEPT_OLDER_DATABASE": "true",
    }
    async with process(port, **environment) as service:
        await until(port, "/health", 200)
        await until(port, "/metrics", 200)
        service.send_signal(signal.SIGTERM)
        async with asyncio.timeout(90):
            assert await service.wait() == 0


@pytest.mark.plaintext("what refuses the subscriptions reads whose they are on the wire")
async def test_a_service_whose_first_subscriptions_are_refused_waits_and_is_ok(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    port = choose_ports(["cancellation"], tmp_path / "ports.json")["cancellation"]
    async with refusing_broker(endpoints.kafka_bootstrap_servers, refusals=3) as broker:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "MONGO_URL": endpoints.mongo_url,
            "KAFKA_GROUP_PREFIX": tmp_path.name,
            "MONGO_DATABASE_PREFIX": "refused",
            "ACCEPT_OLDER_DATABASE": "true",
            "MAX_PAUSE_SECONDS": "0.1",
        }
        async with process(port, **environment):
            await until(port, "/health", 200)
            assert await asyncio.to_thread(status, port, "/live") == 200
    assert broker.refused == 3


async def test_a_service_that_cannot_start_ends_with_an_exit_code(tmp_path: Path) -> None:
    port = choose_ports(["toy"], tmp_path / "ports.json")["toy"]
    async with process(port, ["tests.integration.runtime.failing_start"]) as service:
        async with asyncio.timeout(90):
            assert await service.wait() == os.EX_SOFTWARE


async def test_it_ends_when_told_although_the_broker_went_away_with_work_in_hand(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    port = choose_ports(["cancellation"], tmp_path / "ports.json")["cancellation"]
    choice = resolved(request.config.getoption("--infra"))
    async with own_servers(choice, tmp_path / "servers") as servers:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers.endpoints.kafka_bootstrap_servers,
            "MONGO_URL": servers.endpoints.mongo_url,
            **environment_of("cancellation", servers.endpoints.mongo_url),
        }
        async with process(port, **environment) as service, outsider(servers.endpoints) as client:
            await until(port, "/health", 200)
            await servers.freeze("mongodb")
            for number in range(20):
                await client.publish(
                    "desk.cancellation-requests", f"K-{number}", b"{", [("ce_id", b"faulty")]
                )
            await asyncio.sleep(1)
            servers.children["kafka"].kill()
            await servers.thaw("mongodb")
            await asyncio.sleep(1)
            service.send_signal(signal.SIGTERM)
            async with asyncio.timeout(120):
                assert await service.wait() == 0


async def test_a_client_closes_although_what_it_holds_cannot_be_sent(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    choice = resolved(request.config.getoption("--infra"))
    async with own_servers(choice, tmp_path / "servers") as servers:
        settings = settings_for(servers.endpoints, "closing")
        await create_missing_topics(settings)
        publisher = KafkaPublisher(settings)
        await publisher.start()
        servers.children["kafka"].kill()
        held = Envelope("desk.rejections", "C-1", "submission.rejected.v1", [], b"{}")
        publishing = asyncio.create_task(publisher.publish([held]))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(STOPPED_WITHIN_SECONDS + 5):
            await publisher.stop()
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
