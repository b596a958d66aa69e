"""An internal port that needs neither broker nor database, and the credential it asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
from pydantic import SecretStr

from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.mongo.client import Database, connect
from shared.operations.service_client import ServiceClient
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.health.status import Health
from shared.runtime.operations.port import Port, application
from shared.runtime.stage.batch import utc_now
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics

CREDENTIAL, PORTAL_CREDENTIAL = "a-credential-for-tests", "the-portals-for-tests"
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def health_of(service: Service) -> Health:
    return Health(service.name, Metrics(), lambda: NOW, phase="ok")


def port_of_nothing() -> Port:
    """A port whose database nobody serves: what is asked here never gets as far."""
    settings = Settings(
        internal_credential=SecretStr(CREDENTIAL), portal_credential=SecretStr(PORTAL_CREDENTIAL)
    )
    service = build(settings)
    database = Database(connect("mongodb://127.0.0.1:1/", timeout_ms=200), "desk_test")
    return Port(
        service,
        settings,
        database,
        Store(database, service.deciders),
        lambda: NOW,
        health_of(service),
    )


@asynccontextmanager
async def asking(
    service: Service, settings: RuntimeSettings, database: Database, store: Store
) -> AsyncIterator[ServiceClient]:
    """The service's own answers, with no network between."""
    port = Port(service, settings, database, store, utc_now, health_of(service))
    credential = settings.internal_credential.get_secret_value()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application(port)),
        headers={"Authorization": f"Bearer {credential}"},
    ) as http:
        yield ServiceClient(service.name, "http://test", http)
