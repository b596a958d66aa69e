"""Another process of the portal beside the desk's own, on the same broker and database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from desk.local.child import Child
from desk.local.database import SUITED_SETTINGS
from desk.local.ports import HOST, choose_ports
from desk.local.supervisor import STOP_GRACE_S, Desk, command, health_url, portal_url
from shared.events.topics import PORTAL
from shared.operations.service_health import is_healthy
from shared.settings import DEVELOPMENT_DEFAULTS
from tests.builders.users import environment_of

STARTED_WITHIN_S = 180.0


def environment(desk: Desk, own: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the portal's environment without internal credentials, with `own` added."""
    ends = desk.endpoints
    return {
        **os.environ,
        **SUITED_SETTINGS,
        DEVELOPMENT_DEFAULTS: "true",
        "KAFKA_BOOTSTRAP_SERVERS": ends.kafka_bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "MONGO_URL": ends.mongo_url,
        **environment_of(PORTAL, ends.mongo_url),
        "SMTP_URL": ends.smtp_url,
        **own,
    }


@asynccontextmanager
async def second_portal(
    desk: Desk, directory: Path, own: Mapping[str, str]
) -> AsyncIterator[tuple[str, Child]]:
    """Its address and its process, once it is healthy."""
    ports = choose_ports(("pages", "health"), directory / "second.json")
    child = Child(
        "second portal",
        command(PORTAL),
        log_file=directory / "second.log",
        env={
            **environment(desk, own),
            "WEB_PORT": str(ports["pages"]),
            "PUBLIC_URL": portal_url(ports["pages"]),
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(ports["health"]),
            "KAFKA_GROUP_INSTANCE_ID": "second",
        },
    )
    child.start()
    try:
        healthy = partial(is_healthy, health_url(ports["health"]))
        await child.wait_ready(healthy, STARTED_WITHIN_S)
        yield portal_url(ports["pages"]), child
    finally:
        await child.stop(STOP_GRACE_S)
