"""`desk topics align`: topics that exist get the catalogue's settings, and keep their own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from desk.local.supervisor import Desk
from shared.kafka.topic_settings import settings_of
from tests.apache_kafka.security import ADMIN
from tests.builders import clients
from tests.builders.desk_command import desk
from tests.builders.users import environment_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOPIC = "orders.orders"
"""No service reads or writes it."""
WEEK_MS, YEAR_MS = str(7 * 86_400_000), str(365 * 86_400_000)
OWN = {"retention.ms": WEEK_MS, "segment.ms": "3600000", "max.message.bytes": "1048576"}


@pytest_asyncio.fixture(loop_scope="session")
async def admin(running: Desk) -> AsyncIterator[AIOKafkaAdminClient]:
    """Somebody has given the topic settings of its own."""
    async with clients.admin(running.endpoints.kafka_bootstrap_servers) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, OWN)])
        yield admin


async def test_topics_are_aligned_with_the_catalogue_and_keep_their_other_settings(
    admin: AIOKafkaAdminClient, here: Path
) -> None:
    warned = await desk("doctor", "--json", cwd=here)
    shown = await desk("topics", "align", "--json", cwd=here)
    told = await desk("topics", "align", cwd=here)
    before = await settings_of(admin, [TOPIC])
    administrator = environment_of(ADMIN)
    applied = await desk("topics", "align", "--apply", cwd=here, env=administrator)
    after = await settings_of(admin, [TOPIC])
    again = await desk("topics", "align", cwd=here)

    [retention] = [check for check in json.loads(warned.out) if check["name"] == "retention"]
    assert (retention["verdict"], TOPIC in retention["found"]) == ("warn", True)
    difference = {"topic": TOPIC, "setting": "retention.ms", "found": WEEK_MS, "wanted": YEAR_MS}
    assert {**difference, "altered": False} in shown.json
    assert (shown.code, told.code, applied.code, again.code) == (1, 1, 0, 0), applied.err
    assert "desk topics align --apply" in told.out
    assert before[TOPIC].all["retention.ms"] == WEEK_MS
    assert after[TOPIC].all["retention.ms"] == YEAR_MS
    assert after[TOPIC].own["segment.ms"] == OWN["segment.ms"]
    assert "set as in the catalogue" in again.out
